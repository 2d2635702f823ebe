import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplyParser, type HttpReply } from '../../../bench/load/reply-parser.ts'

const SIZED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n7\r\n{"a":1}\r\n0\r\n\r\n'
const EMPTY = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
const NONE = 'HTTP/1.1 204 No Content\r\n\r\n'

function repliesTo (pieces: readonly string[]): HttpReply[] {
  const replies: HttpReply[] = []
  const parser = new ReplyParser((reply) => { replies.push(reply) })
  for (const piece of pieces) parser.feed(Buffer.from(piece))
  return replies
}

test('the load reads sized, chunked and empty replies, wherever the network cuts them', () => {
  for (const [text, status, body] of [[SIZED, 200, 'hello'], [CHUNKED, 200, 'data: {"a":1}'], [EMPTY, 202, ''], [NONE, 204, '']] as const) {
    for (let cut = 0; cut <= text.length; cut++) {
      const replies = repliesTo([text.slice(0, cut), text.slice(cut)].filter((piece) => piece !== ''))
      assert.deepEqual(replies.map((reply) => [reply.status, reply.body]), [[status, body]], `cut at ${cut}`)
    }
    assert.deepEqual(repliesTo([...text]).map((reply) => reply.body), [body])
  }
})

test('replies of one connection follow each other', () => {
  assert.deepEqual(repliesTo([CHUNKED, SIZED, EMPTY, CHUNKED]).map((reply) => reply.body), ['data: {"a":1}', 'hello', '', 'data: {"a":1}'])
})

test('a reply of unknown length is refused rather than guessed', () => {
  assert.throws(() => repliesTo(['HTTP/1.1 200 OK\r\n\r\nhello']), /neither Content-Length nor chunks/)
})
