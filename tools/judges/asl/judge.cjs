// Answers, for each line of JSON {"asl": …} on standard input, one line {"validator": […], "service": […]}: what
// asl-validator and amazon-states-language-service have against that definition. One process for a whole session.
"use strict";
const path = require("node:path");
const readline = require("node:readline");
const { createRequire } = require("node:module");

const from = createRequire(path.resolve(process.argv[2], "package.json"));
const validator = from("asl-validator");
const service = from("amazon-states-language-service");
const { TextDocument } = from("vscode-languageserver-textdocument");

const languageService = service.getLanguageService({});

function byValidator(definition) {
  return validator(definition).errors.map((error) => JSON.stringify(error.message ?? error));
}

async function byService(definition) {
  const document = TextDocument.create("file:///machine.asl.json", "asl", 1, JSON.stringify(definition, null, 2));
  const diagnostics = await languageService.doValidation(document, languageService.parseJSONDocument(document));
  return diagnostics.filter((each) => each.severity === 1).map((each) => each.message);
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { asl } = JSON.parse(line);
    const answer = {};
    for (const [name, judge] of [["validator", byValidator], ["service", byService]]) {
      try {
        answer[name] = await judge(structuredClone(asl));
      } catch (error) {
        answer[name] = [`the judge itself failed: ${error.message}`];
      }
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}

main();
