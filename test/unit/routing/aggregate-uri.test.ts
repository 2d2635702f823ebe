import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { aggregateUri, splitAggregateUri } from '../../../src/routing/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import { pick, seeded } from '../../helpers/random.ts'
import { randomServer, randomToolName } from './random-name.ts'

const names = (...list: string[]) => list.map((name) => brandAs<ServerName>(name))

describe('aggregate URIs (rulings 5)', () => {
  test('literal forms', () => {
    assert.equal(aggregateUri('filesystem', 'file:///a+b?c#d'), 'filesystem+file:///a+b?c#d')
    assert.equal(aggregateUri('everything', 'ui://form/x.html'), 'ui://everything/form/x.html')
    assert.equal(aggregateUri('a', 'demo://resource/{id}'), 'a+demo://resource/{id}')
    assert.equal(aggregateUri('a', 'ui://{view}'), 'ui://a/{view}')
    assert.equal(aggregateUri('ui', 'x://y'), 'ui+x://y')
  })

  test('and back, for any server and any URI', () => {
    for (let seed = 1; seed <= 20_000; seed++) {
      const random = seeded(seed)
      const servers = [...new Set([...Array.from({ length: 3 }, () => randomServer(random)), ...names('ui')])]
      const server = pick(random, servers)
      const uri = pick(random, ['ui://', 'ui:/', 'UI://', 'file://', 'a+b://', '', '/', '+']) + randomToolName(random)
      assert.deepEqual(splitAggregateUri(aggregateUri(server, uri), servers), { server, uri }, `seed ${seed}`)
    }
  })

  test('nothing leads to a server that is not allowed', () => {
    for (const uri of ['', '+', '+x', 'a', 'b+x', 'ui://', 'ui://a', 'ui://b/x', 'ui:///x', 'file:///x', 'a:+x', ' a+x', 'a/+x', '__proto__+x']) {
      assert.equal(splitAggregateUri(uri, names('a')), undefined, uri)
    }
    assert.equal(splitAggregateUri('a+x', []), undefined)
  })

  test('clients that write schemes and hosts in lower case still reach the server, unless two would be meant', () => {
    assert.deepEqual(splitAggregateUri('myfiles+file:///X', names('MyFiles', 'other')), { server: 'MyFiles', uri: 'file:///X' })
    assert.deepEqual(splitAggregateUri('ui://myfiles/X', names('MyFiles')), { server: 'MyFiles', uri: 'ui://X' })
    assert.equal(splitAggregateUri('myfiles+x', names('MyFiles', 'myFiles')), undefined)
    assert.deepEqual(splitAggregateUri('myFiles+x', names('MyFiles', 'myFiles')), { server: 'myFiles', uri: 'x' })
  })
})
