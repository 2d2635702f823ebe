import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { describe, it } from 'node:test'
import { createAllowList } from '../../../../src/sandbox/egress/allow-list.ts'
import { judgeAddresses } from '../../../../src/sandbox/egress/judge-target.ts'
import { classifyAddress } from '../../../../src/net/index.ts'

/** With the gateway's real table of addresses. */
function judge (allow: readonly string[], target: string, ...addresses: string[]): string {
  const at = target.lastIndexOf(':')
  const [host, port] = [target.slice(0, at), Number(target.slice(at + 1))]
  const judged = judgeAddresses({ classify: classifyAddress, ownPorts: () => [8080, 8081] }, createAllowList(allow), 'files', host, port, addresses.map((address) => ({ address, family: 4 })))
  return judged.ok ? `to ${judged.value.map(({ address }) => address).join(' ')}` : judged.error.reason
}

describe('addresses that an allowed name may lead to (T42, T47)', () => {
  it('public ones', () => {
    assert.equal(judge(['*'], 'a.example:443', '1.1.1.1', '2606:4700:4700::1111'), 'to 1.1.1.1 2606:4700:4700::1111')
    assert.equal(judge(['*'], '1.1.1.1:443', '1.1.1.1'), 'to 1.1.1.1')
  })

  it('private ones only where the entry has the port, too; one bad address refuses all', () => {
    assert.deepEqual(['10.0.0.5', '192.168.1.1', 'fd12::1', '100.64.0.1', '::ffff:10.0.0.5'].map((address) => judge(['*', 'a.example'], 'a.example:443', '1.1.1.1', address)), Array(5).fill('address'))
    assert.equal(judge(['a.example:443'], 'a.example:443', '10.0.0.5'), 'to 10.0.0.5')
    assert.equal(judge(['10.0.0.5:5432'], '10.0.0.5:5432', '10.0.0.5'), 'to 10.0.0.5')
    assert.equal(judge(['*.example:443'], 'a.example:443', '10.0.0.5'), 'address')
  })

  it('loopback only by its own name', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.equal(judge(['a.example:5432'], 'a.example:5432', address), 'address', address)
    assert.equal(judge(['localhost:5432'], 'localhost:5432', '127.0.0.1'), 'to 127.0.0.1')
    assert.equal(judge(['127.0.0.1:5432'], '127.0.0.1:5432', '127.0.0.1'), 'to 127.0.0.1')
  })

  it('link-local and metadata never, whatever the entry says', () => {
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', '100.100.100.200', 'fd00:ec2::254', '0.0.0.0', '::', '224.0.0.1']) assert.equal(judge([`${address}:80`, 'a.example:80'], 'a.example:80', address), 'address', address)
    assert.equal(judge(['169.254.169.254:80'], '169.254.169.254:80', '169.254.169.254'), 'address')
  })

  it('the gateway\'s own listeners never, by any address of this machine', () => {
    assert.equal(judge(['127.0.0.1:8080'], '127.0.0.1:8080', '127.0.0.1'), 'gateway')
    assert.equal(judge(['localhost:8081'], 'localhost:8081', '::1'), 'gateway')
    const own = Object.values(networkInterfaces()).flat().find((entry) => entry?.internal === false && entry.family === 'IPv4')
    if (own !== undefined) assert.equal(judge([`${own.address}:8080`], `${own.address}:8080`, own.address), 'gateway')
    assert.equal(judge(['10.99.99.99:8080'], '10.99.99.99:8080', '10.99.99.99'), 'to 10.99.99.99')
  })

  it('no address, or too many', () => {
    assert.equal(judge(['*'], 'a.example:443'), 'address')
    assert.equal(judge(['*'], 'a.example:443', ...Array(65).fill('1.1.1.1') as string[]), 'address')
  })
})
