// A shop's own stack in TypeScript that reuses two components of the booking system.
//
//   npm ci && npm run build
//   eval "$(booking env)"        # or log in to a backend of your own and set AWS credentials
//   node dist/program.js up      # then: outputs, destroy
import * as automation from "@pulumi/pulumi/automation";
import { AuditBucket, OrderStore } from "./booking";

async function program(): Promise<Record<string, unknown>> {
    const orders = new OrderStore("orders", {
        deletionProtection: false,
        protect: false,
        forceDestroy: true,
        keyDeletionDays: 7,
        pointInTimeDays: 7,
        tags: { team: "shop" },
    });
    const audit = new AuditBucket("audit", {
        key: orders.key,
        lockMode: "NONE",
        protect: false,
        forceDestroy: true,
        tags: { team: "shop" },
    });
    return { table: orders.table, bucket: audit.bucket, writegrant: audit.writegrant };
}

async function main(verb: string): Promise<void> {
    const stack = await automation.LocalWorkspace.createOrSelectStack({
        stackName: "dev",
        projectName: "shop-in-typescript",
        program,
    });
    if (verb === "up") {
        const result = await stack.up({ onOutput: (text) => process.stderr.write(text) });
        console.log(JSON.stringify(values(result.outputs)));
    } else if (verb === "outputs") {
        console.log(JSON.stringify(values(await stack.outputs())));
    } else if (verb === "destroy") {
        await stack.destroy({ onOutput: (text) => process.stderr.write(text) });
        await stack.workspace.removeStack("dev");
    } else {
        throw new Error(`node program.js takes up, outputs or destroy, not '${verb}'`);
    }
}

function values(outputs: automation.OutputMap): Record<string, unknown> {
    return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, output.value]));
}

main(process.argv[2] ?? "").catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
});
