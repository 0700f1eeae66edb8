// Calls a running gateway and prints what it saw as one JSON object: `node client.mjs host:port`.
// It knows no .proto file: service and message types come from the server's reflection.
import grpc from '@grpc/grpc-js';
import reflection from 'grpc-js-reflection-client';

const address = process.argv[2];
const plain = grpc.credentials.createInsecure();
const server = new reflection.GrpcReflection(address, plain);
const services = await server.listServices();

async function client(service, pack = 'quartet.v1') {
  const descriptor = await server.getDescriptorBySymbol(`${pack}.${service}`);
  const types = descriptor.getPackageObject({ enums: String, longs: String, keepCase: true, defaults: true });
  const found = pack.split('.').reduce((names, name) => names[name], types);
  return new found[service](address, plain);
}

const deadline = () => ({ deadline: Date.now() + 60_000 });
const call = (stub, method, request) =>
  new Promise((resolve, reject) =>
    stub[method](request, deadline(), (error, response) => (error ? reject(error) : resolve(response))));

async function status(promise) {
  try {
    await promise;
    return 'OK';
  } catch (error) {
    return { code: grpc.status[error.code], details: error.details };
  }
}

/** The first chunks of a stream, which is then cancelled; and how it ended. */
function cancelAfter(stream, chunks) {
  return new Promise((resolve) => {
    let seen = 0;
    stream.on('data', () => {
      if (++seen === chunks) stream.cancel();
    });
    stream.on('error', (error) => resolve({ seen, code: grpc.status[error.code] }));
    stream.on('end', () => resolve({ seen, code: 'OK' }));
  });
}

/** The first message of a stream, which is then left. */
function first(stream) {
  return new Promise((resolve, reject) => {
    stream.on('data', (message) => {
      resolve(message);
      stream.cancel();
    });
    stream.on('error', reject);
  });
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const chat = await client('ChatService');
const generation = await client('GenerationService');
const models = await client('ModelService');
const tokenizer = await client('TokenizerService');
const score = await client('ScoreService');
const health = await client('Health', 'grpc.health.v1');
const question = {
  model: 'sft',
  messages: [{ role: 'ROLE_USER', content: 'x' }],
  sampling: { temperature: 0 },
};
const chunks = await read(chat.ChatStream(question, deadline()));
const endless = { model: 'rl', text: '!', sampling: { temperature: 0 } };

console.log(
  JSON.stringify({
    services,
    health: (await call(health, 'Check', { service: 'quartet.v1.ChatService' })).status,
    watched: (await first(health.Watch({ service: '' }, deadline()))).status,
    counted: (await call(tokenizer, 'CountTokens', { model: 'sft', messages: { messages: question.messages } })).tokens,
    scored: (await call(score, 'LogProbs', { model: 'rl', texts: [{ text: 'xyz' }] })).scores[0].tokens.length,
    more: (await call(generation, 'FewShot', { model: 'rl', examples: ['a', 'x'], count: 2 })).items.length,
    models: (await call(models, 'List', {})).models.map((m) => [m.checkpoint_id, m.state, m.aliases]),
    stream: {
      checkpoint: chunks[0].checkpoint_id,
      text: chunks.map((chunk) => chunk.text).join(''),
      finish: chunks.at(-1).finish_reason,
      usage: chunks.at(-1).usage,
    },
    whole: (await call(chat, 'Chat', question)).message.content,
    cancelled: await cancelAfter(generation.GenerateStream(endless, deadline()), 5),
    unknown: await status(call(chat, 'Chat', { ...question, model: 'gpt-5' })),
    tooLong: await status(call(generation, 'Generate', { ...endless, model: 'sft', text: 'x'.repeat(70) })),
    late: await new Promise((resolve) =>
      generation.Generate(endless, { deadline: Date.now() + 1000 }, (e, r) => resolve(e ? grpc.status[e.code] : r.finish_reason))),
  }),
);
