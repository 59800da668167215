// Answers one JSON {"schema": …, "documents": […]} on standard input with a list: what ajv, a validator of JSON Schema
// that editors are built on, has against each document.
"use strict";
const path = require("node:path");
const { createRequire } = require("node:module");

const from = createRequire(path.resolve(process.argv[2], "package.json"));
const Ajv = from("ajv/dist/2020");

const { schema, documents } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
const against = documents.map((each) => (validate(each) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`)));
process.stdout.write(JSON.stringify(against));
