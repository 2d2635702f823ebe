import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAllowList } from '../../../../src/sandbox/egress/allow-list.ts'

test('hosts, ports and wildcards of sandbox.network', () => {
  const allows = createAllowList(['api.example.com', 'db.internal:5432', '10.0.0.5:6379', '*.example.org', '*.pay.example:8443', 'UPPER.example'])
  const of = (...targets: string[]) => targets.map((target) => allows(target.slice(0, target.lastIndexOf(':')), Number(target.slice(target.lastIndexOf(':') + 1))))
  assert.deepEqual(of('api.example.com:443', 'api.example.com:80', 'upper.example:443'), ['public', 'public', 'public'])
  assert.deepEqual(of('db.internal:5432', '10.0.0.5:6379'), ['named', 'named'])
  assert.deepEqual(of('a.example.org:443', 'a.b.example.org:80', 'x.pay.example:8443'), ['public', 'public', 'public'])
  const no = of('api.example.com:8080', 'api.example.com.evil.test:443', 'xapi.example.com:443', 'example.com:443', 'db.internal:443', '10.0.0.5:80', 'example.org:443', 'badexample.org:443', 'x.pay.example:443', '1.1.1.1:443')
  assert.deepEqual(no, Array(no.length).fill(undefined))
})

test('* is every host on the web\'s ports; an address is never a subdomain; nothing is nothing', () => {
  const all = createAllowList(['*', '*.5:80', '*:8080'])
  assert.deepEqual([all('any.example', 443), all('1.1.1.1', 80), all('any.example', 8080), all('any.example', 22)], ['public', 'public', 'public', undefined])
  assert.equal(createAllowList(['*.5'])('10.0.0.5', 80), undefined)
  assert.equal(createAllowList([])('any.example', 443), undefined)
  assert.equal(createAllowList(['*', 'db.internal:443'])('db.internal', 443), 'named')
})
