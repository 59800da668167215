// Sends an Output through every input of every component; run beside the compiled wrappers of examples/typescript.
const pulumi = require("@pulumi/pulumi");
const automation = require("@pulumi/pulumi/automation");
const booking = require("./booking.js");

const { given, plain, archive, zip } = JSON.parse(process.env.EVERY_INPUT);

async function program() {
    const source = new booking.AuditBucket("source", plain.AuditBucket);
    // An Output of something that does not exist yet: unknown in a preview, its value afterwards.
    const later = (value) => source.bucket.apply(() => value);
    const leaves = (value) => {
        if (value === "archive") return later(new pulumi.asset.FileArchive(archive));
        if (value === "zip") return later(new pulumi.asset.FileAsset(zip));
        if (Array.isArray(value)) return value.map(leaves);
        if (typeof value !== "object") return later(value);
        return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, leaves(item)]));
    };
    for (const [name, args] of Object.entries(given)) {
        const [component] = name.split(" ");
        new booking[component](name.toLowerCase().replace(" ", "-"), { ...leaves(args), ...plain[name] });
    }
}

async function main(verb) {
    const place = { stackName: "dev", projectName: "every-input", program };
    const stack = await automation.LocalWorkspace.createOrSelectStack(place);
    const done = verb === "state" ? (await stack.exportStack()).deployment : await stack[verb]();
    console.log(JSON.stringify(verb === "state" ? done : {}));
}

main(process.argv[2]).catch((error) => {
    console.error(error.message);
    process.exit(1);
});
