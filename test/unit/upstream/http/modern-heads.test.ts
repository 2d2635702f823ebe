import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RequestHead } from '../../../../src/net/request-head.ts'
import { ModernHeads } from '../../../../src/upstream/http/modern-head.ts'
import type { Hop } from '../../../../src/upstream/http/hop.ts'

it('heads of tools are remembered, within bounds: names are the callers\' to invent', () => {
  const outbound = { head: (method: 'POST', headers: readonly string[]) => RequestHead.of(method, '/mcp', 'h', headers) }
  const heads = new ModernHeads({ outbound, headers: [] } as unknown as Hop)
  const of = (name: string): RequestHead => heads.of('tools/call', { name }, undefined)
  const isRemembered = (name: string): boolean => new Set([of(name), of(name)]).size === 1
  assert.deepEqual(['x', 'é', 'x'.repeat(256), 'x'.repeat(257), 'x'.repeat(1_000_000)].map(isRemembered), [true, true, true, false, false])
  const first = of('first')
  for (let count = 0; count < 1000; count++) of(`tool-${count}`)
  assert.notEqual(of('first'), first)
})
