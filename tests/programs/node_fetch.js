// Fetches URL ten times at once with fetch; all answers have to be the same.
const url = process.argv[2];

async function main() {
  const fetched = Array.from({ length: 10 }, () => fetch(url).then((answer) => answer.text()));
  const answers = new Set(await Promise.all(fetched));
  if (answers.size !== 1) throw new Error(`${answers.size} different answers`);
  process.stdout.write([...answers][0]);
}

main();
