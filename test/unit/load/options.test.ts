import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DEFAULT_CALLS } from '../../../load/calls.ts'
import { readOptions } from '../../../load/options.ts'

const WITH_KEY = { DRAWBRIDGE_LOAD_KEY: 'db_a_b' }
const URL_GIVEN = ['--url', 'https://gateway.test/']

describe('options of npm run load', () => {
  it('need a URL and a key, nothing else', () => {
    const options = readOptions(URL_GIVEN, WITH_KEY)
    assert.deepEqual([options?.name, options?.url, options?.keys, options?.calls, options?.runner, options?.insecure], ['smoke', 'https://gateway.test', ['db_a_b'], DEFAULT_CALLS, 'node', false])
  })

  it('take keys from a file, one a line', (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'drawbridge-load-options-'))
    t.after(() => { rmSync(dir, { recursive: true }) })
    writeFileSync(join(dir, 'keys'), '# users\ndb_a_b\r\n\ndb_c_d')
    assert.deepEqual(readOptions([...URL_GIVEN, '--keys-file', join(dir, 'keys')], {})?.keys, ['db_a_b', 'db_c_d'])
  })

  it('--help is no run', () => { assert.equal(readOptions(['--help'], {}), undefined) })

  const faults: ReadonlyArray<readonly [readonly string[], RegExp]> = [
    [[], /--url/],
    [['--url', 'gateway.test'], /--url/],
    [[...URL_GIVEN, '--runner', 'jmeter'], /--runner/],
    [[...URL_GIVEN, '--seconds', '0'], /--seconds/],
    [[...URL_GIVEN, '--users', 'many'], /--users/],
    [[...URL_GIVEN, '--scenario', 'storm'], /no scenario/],
    [[...URL_GIVEN, '--speed', '9'], /--speed/]
  ]
  for (const [args, fault] of faults) it(`refuses ${args.slice(-2).join(' ') || 'nothing'}`, () => { assert.throws(() => readOptions([...args], WITH_KEY), fault) })

  it('without a key says where it may come from', () => { assert.throws(() => readOptions(URL_GIVEN, {}), /--keys-file.*DRAWBRIDGE_LOAD_KEY/) })
})
