// Calls a running gateway with OpenAI's own client and prints what it saw as one JSON object:
// `node openai.mjs http://host:port/v1`.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'none', maxRetries: 0, timeout: 60_000 });
const messages = [{ role: 'user', content: 'x' }];
const question = { model: 'sft', messages, temperature: 0 };
const endless = { model: 'rl', prompt: '!', temperature: 0, max_tokens: 60_000 };

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

async function refusal(promise) {
  try {
    await promise;
    return 'none';
  } catch (error) {
    const { status, type, param, code } = error;
    return { name: error.constructor.name, status, type, param, code, message: error.error?.message };
  }
}

/** Leaves a stream after some chunks; how many it saw. */
async function leaveAfter(stream, chunks) {
  let seen = 0;
  for await (const chunk of stream) if (++seen === chunks) break;
  return seen;
}

const whole = await client.chat.completions.create(question);
const chunks = await read(
  await client.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } }));
const runner = client.chat.completions.stream({ ...question, n: 2, logprobs: true });
const gathered = await runner.finalChatCompletion();
const completion = await client.completions.create({
  model: 'rl', prompt: ['x', [126]], temperature: 0, echo: true, logprobs: 0,
});

console.log(
  JSON.stringify({
    models: (await read(await client.models.list())).map((model) => model.id),
    model: await client.models.retrieve('sft/r/1'),
    whole: { ...whole, id: '', created: 0, quartet: undefined },
    seed: typeof whole.quartet.seed,
    stream: {
      text: chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''),
      finish: chunks.at(-2).choices[0].finish_reason,
      fingerprint: chunks.at(-1).system_fingerprint,
      usage: chunks.at(-1).usage,
    },
    gathered: gathered.choices.map((choice) => [
      choice.message.content,
      choice.logprobs.content.length,
      choice.finish_reason,
    ]),
    completion: completion.choices.map((choice) => choice.text),
    left: await leaveAfter(await client.completions.create({ ...endless, stream: true }), 5),
    unknown: await refusal(client.chat.completions.create({ ...question, model: 'gpt-5' })),
    wrong: await refusal(client.chat.completions.create({ ...question, top_p: 'high' })),
    tooLong: await refusal(client.completions.create({ model: 'sft', prompt: 'x'.repeat(70) })),
  }),
);
