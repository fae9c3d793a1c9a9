// Fifty connections at once to HOST with net, http and fetch: LINE and HTTP answer, CLOSED refuses.
const assert = require('assert');
const http = require('http');
const net = require('net');

const [host, line, web, closed] = process.argv.slice(2);
const authority = host.includes(':') ? `[${host}]` : host;
const fifty = (make) => Promise.all(Array.from({ length: 50 }, (_, number) => make(number)));
const url = (port, number) => `http://${authority}:${port}/small/${number + 1}`;

// Where a name has several addresses, the error is one of many.
const code = (error) => error.code ?? error.cause?.code ?? error.errors?.[0]?.code;

const byNet = (port) => (number) => new Promise((resolve, reject) => {
  let answer = '';
  const connection = net.connect({ host, port }, () => connection.write(`line ${number}\n`));
  connection.on('data', (part) => { answer += part; });
  connection.on('end', () => resolve(answer));
  connection.on('error', reject);
});

const byHttp = (port) => (number) => new Promise((resolve, reject) => {
  http.get(url(port, number), { agent: false }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => resolve(text));
  }).on('error', reject);
});

const byFetch = (port) => (number) => fetch(url(port, number)).then((answer) => answer.text());

const file = (number) => `small file ${number + 1}\n`.repeat(number + 1);

async function refuses(make) {
  const codes = await fifty((number) => make(closed)(number).then(() => 'connected', code));
  assert.deepStrictEqual([...new Set(codes)], ['ECONNREFUSED']);
}

async function main() {
  (await fifty(byNet(line))).forEach((answer, number) => assert.strictEqual(answer, `you said line ${number}\n`));
  (await fifty(byHttp(web))).forEach((answer, number) => assert.strictEqual(answer, file(number)));
  (await fifty(byFetch(web))).forEach((answer, number) => assert.strictEqual(answer, file(number)));
  await refuses(byNet);
  await refuses(byHttp);
  console.log('as expected');
}

main().then(() => process.exit(0));
