import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from '../../../bench/load/json-rpc-reply.ts'

const reply = (body: string, status = 200) => ({ status, head: '', body, lastDataAt: 0 })
const answer = (id: number, text: string) => JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } })

test('an answer counts only with its own id and its own payload, as JSON or as an event', () => {
  assert.equal(judge(reply(answer(7, 'run.3.7.xx')), 7, 'run.3.7.xx'), 'ok')
  assert.equal(judge(reply(answer(7, 'Echo: run.3.7.xx')), 7, 'run.3.7.xx'), 'ok')
  assert.equal(judge(reply(`id: 1\ndata:\n\nevent: message\nid: 2\ndata: ${answer(7, 'run.3.7.xx')}\n\n`), 7, 'run.3.7.xx'), 'ok')
  assert.equal(judge(reply(answer(8, 'run.3.7.xx')), 7, 'run.3.7.xx'), 'mixup')
  assert.equal(judge(reply(answer(7, 'run.4.7.xx')), 7, 'run.3.7.xx'), 'mixup')
})

test('refusals, faults of the tool and lost connections are errors, not answers', () => {
  const wrong = [
    reply('{"jsonrpc":"2.0","id":7,"error":{"code":42901,"message":"limit"}}'),
    reply('{"jsonrpc":"2.0","id":7,"result":{"isError":true,"content":[{"type":"text","text":"run.3.7.xx"}]}}'),
    reply('too large', 413),
    reply(': nothing\n\n'),
    { error: 'connection closed' }
  ]
  for (const outcome of wrong) assert.equal(typeof judge(outcome, 7, 'run.3.7.xx'), 'object')
})
