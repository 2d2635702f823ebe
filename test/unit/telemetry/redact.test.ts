import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { redact, safeText } from '../../../src/telemetry/index.ts'

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImNhbmFyeSI6MX0.c2lnbmF0dXJlLWNhbmFyeS0xMjM0NTY3ODkw'
const KEY = 'db_k1_Q2FuYXJ5U2VjcmV0Q2FuYXJ5U2VjcmV0Q2FuYXJ5'

describe('redact (T58)', () => {
  const SECRETS: Readonly<Record<string, readonly [text: string, secret: string]>> = {
    'a key of ours': [`the key ${KEY} is unknown`, KEY],
    'a key in JSON': [`{"k":"${KEY}"}`, KEY],
    'a token': [`got ${JWT}, expired`, 'c2lnbmF0dXJl'],
    'a token without signature': ['eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.', 'eyJzdWIiOiJjYW5hcnkifQ'],
    'a cut-off token': [JWT.slice(0, 40), 'eyJzdWIi'],
    'a bearer of any shape': ['Bearer canary-0123', 'canary'],
    'a bearer in lower case': ['authorization: bearer canary-0123', 'canary'],
    basic: ['Authorization: Basic Y2FuYXJ5OmNhbmFyeQ==', 'Y2FuYXJ5'],
    'a scheme nobody knows': ['Proxy-Authorization: canary', 'canary'],
    'a cookie': ['Cookie: session=canary', 'canary'],
    'a header in JSON': ['{"authorization":"canary0","x":1}', 'canary0'],
    'a header in JSON with spaces': ['{ "X-API-Key" : "canary0" }', 'canary0'],
    'a query': ['GET https://x/y?a=1&access_token=canary&b=2', 'canary'],
    'a user in a URL': ['postgres://alice:canary@db.internal/x', 'canary'],
    'an environment': ['GITHUB_TOKEN=canary\nPATH=/bin', 'canary'],
    'an environment in quotes': ['export AWS_SECRET_ACCESS_KEY="canary"', 'canary'],
    'a member': ["{'client_secret': 'canary'}", 'canary'],
    GitHub: ['ghp_canary0123456789abcdef', 'canary'],
    OpenAI: ['sk-canary0123456789', 'canary'],
    AWS: ['AKIACANARY0123456789', 'CANARY'],
    'a private key': ['-----BEGIN RSA PRIVATE KEY-----\nMIIcanary\n-----END RSA PRIVATE KEY-----', 'canary'],
    'a private key cut off': ['-----BEGIN PRIVATE KEY-----\nMIIcanary', 'canary']
  }
  for (const [name, [text, secret]] of Object.entries(SECRETS)) {
    test(`masks ${name}`, () => {
      const masked = redact(text)
      assert.equal(masked.includes(secret), false, masked)
      assert.match(masked, /\[redacted\]/)
    })
  }

  test('keeps what is around a secret', () => {
    assert.equal(redact(`server says: GET /x?token=abc&page=2 with ${KEY} failed`), 'server says: GET /x?token=[redacted]&page=2 with db_[redacted] failed')
  })

  test('leaves ordinary text alone', () => {
    for (const text of ['', 'tools/call read_file', 'db_list_tables', 'the tokenizer read 12 tokens', 'cannot find module "keyring"', 'https://host/path?page=2', 'bearer', 'eyJ', 'user@example.com', 'monkey=1']) {
      assert.equal(redact(text), text)
    }
  })

  test('takes time in proportion to the text', () => {
    const hostile = ['A_'.repeat(40_000), 'eyJ' + 'a'.repeat(80_000), '://'.repeat(30_000), '://a:'.repeat(20_000), '-----BEGIN PRIVATE KEY-----'.repeat(3000), 'authorization: '.repeat(6000), '?token='.repeat(12_000), '"token":'.repeat(10_000), 'db_a_'.repeat(20_000)]
    for (const text of hostile) {
      const startedMs = performance.now()
      redact(text)
      assert.ok(performance.now() - startedMs < 1000, text.slice(0, 20))
    }
  })
})

describe('safeText', () => {
  test('writes steering characters out and keeps every other one', () => {
    assert.equal(safeText('a\r\nb\u001b[31m\u0085\u009b\u2028\u202e\u0000'), 'a\\u000d\\u000ab\\u001b[31m\\u0085\\u009b\\u2028\\u202e\\u0000')
    assert.equal(safeText('grüße 你好 🙂 "quoted" \\'), 'grüße 你好 🙂 "quoted" \\')
  })

  test('cuts, after masking', () => {
    assert.equal(safeText('x'.repeat(300)).length, 256)
    assert.equal(safeText('x'.repeat(1_000_000), 10), 'xxxxxxxxx…')
    const masked = safeText(`${'x'.repeat(250)} ${KEY}`)
    assert.equal(masked.includes('k1'), false)
    assert.ok(masked.length <= 256)
  })
})
