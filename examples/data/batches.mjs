import { openRecords, readDeclaration } from '@concordat/client-sdk';

const [directory = 'examples/data'] = process.argv.slice(2);
const records = openRecords(await readDeclaration(directory));
for await (const { examples, inputs, targets } of records.batches(10)) {
  console.log(examples, inputs.length, targets.kind);
}
