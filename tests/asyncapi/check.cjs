// Reads an AsyncAPI document with AsyncAPI's own parser; prints each fault and ends with 1 where there is one.
const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

const WARNING = 1;
const IN_WORDS = ['error', 'warning'];

async function main(path) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(path, 'utf8'));
  const faults = diagnostics.filter((one) => one.severity <= WARNING);
  for (const fault of faults) {
    console.error(`${path}: ${IN_WORDS[fault.severity]} at ${fault.path.join('.')}: ${fault.message} (${fault.code})`);
  }
  if (faults.length > 0 || !document) {
    process.exit(1);
  }
  const messages = document.allMessages().length;
  console.log(`${path}: AsyncAPI ${document.version()}, ${messages} messages, no faults.`);
}

main(process.argv[2]);
