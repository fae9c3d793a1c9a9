// Resolves the host argv[2] in the ways of the module dns and asks the target, port argv[3], by each address; then prints what
// other records of the domain argv[4], the service argv[5] and the address argv[6] say.
const dns = require('dns').promises, net = require('net');
const [host, port, domain, service, address] = process.argv.slice(2);

const exchange = (to) => new Promise((resolve, reject) => {
  const socket = net.connect({ host: to, port: Number(port) }, () => socket.write('hello\n'));
  let answer = '';
  socket.on('data', (part) => { answer += part; });
  socket.on('end', () => resolve(answer.trim()));
  socket.on('error', reject);
});

(async () => {
  const { address: found } = await dns.lookup(host);
  const [v4] = await dns.resolve4(host), [v6] = await dns.resolve6(host);
  for (const to of [found, v4, v6]) console.log(await exchange(to));
  console.log(JSON.stringify(await dns.reverse(v4)), JSON.stringify(await dns.reverse(v6)));
  console.log(JSON.stringify(await dns.reverse(address)));
  console.log(JSON.stringify(await dns.resolveMx(domain)));
  console.log(JSON.stringify(await dns.resolveTxt(domain)));
  console.log(JSON.stringify(await dns.resolveSrv(service)));
  console.log((await dns.resolveTxt('long.' + domain))[0].join('').length);
  await dns.resolve4('missing.' + domain).then((all) => dns.reverse(all[0])).then(console.log);
})().catch((error) => { console.log(error); process.exitCode = 1; });
