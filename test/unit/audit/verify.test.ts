/** Whatever is done to a file of audit records, the first line that it was done to is named (T60). */
import assert from 'node:assert/strict'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { HeadKey } from '../../../src/audit/index.ts'
import { until } from '../../helpers/until.ts'
import { call, fileAudit, folderOf, keyIn, linesOf, verifyTexts } from './chained.ts'

/** chain, head, 20 records, last head: 23 lines, the records at 3 to 22. */
async function wholeFile (t: TestContext): Promise<{ lines: string[], key: HeadKey, path: string }> {
  const folder = folderOf(t)
  const key = keyIn(folder)
  const path = join(folder, 'audit.jsonl')
  const { audit } = fileAudit(t, path, key)
  for (let at = 0; at < 20; at++) audit.record(call(`tool-${at}`))
  await audit.close()
  const lines = linesOf(path)
  assert.equal(lines.length, 23)
  return { lines, key, path }
}

const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

function firstProblem (lines: readonly string[], key: HeadKey): string {
  const [first] = verifyTexts({ f: text(lines) }, key).problems
  return first === undefined ? 'none' : `${first.number} ${first.message}`
}

test('what was written is whole', async (t) => {
  const { lines, key } = await wholeFile(t)
  const report = verifyTexts({ f: text(lines) }, key)
  assert.deepEqual([report.records, report.chains, report.heads, report.problems, report.notices], [20, 1, 2, [], []])
})

test('a line that was altered is named, wherever it is and whatever was altered in it', async (t) => {
  const { lines, key } = await wholeFile(t)
  for (let at = 0; at < lines.length; at++) {
    for (const [from, to] of [[/"audit":"(\w+)"/, '"audit":"$1x"'], [/"time":\d/, '"time":9'], [/\}$/, ',"more":1}'], [/"prev":"(.)?/, '"prev":"$1A']] as const) {
      const changed = lines.with(at, lines[at]?.replace(from, to) ?? '')
      const found = firstProblem(changed, key)
      // Nothing speaks for the last line but its own signature: as no head any more, it only leaves the chain without an end.
      const isOpen = at === lines.length - 1 && verifyTexts({ f: text(changed) }, key).notices.length > 0
      assert.ok(found.startsWith(`${at + 1} `) || isOpen, `line ${at + 1}, ${String(from)}: ${found}`)
    }
  }
})

test('a line that was made unreadable is named', async (t) => {
  const { lines, key } = await wholeFile(t)
  assert.match(firstProblem(lines.with(9, lines[9]?.slice(0, 40) ?? ''), key), /^10 was altered/)
})

test('lines that were removed are missed where they were', async (t) => {
  const { lines, key } = await wholeFile(t)
  assert.match(firstProblem(lines.toSpliced(9, 1), key), /^10 comes where 1 record is missing/)
  assert.match(firstProblem(lines.toSpliced(5, 7), key), /^6 comes where 7 records are missing/)
  assert.match(firstProblem(lines.slice(0, 1).concat(lines.slice(2)), key), /^2 comes where 1 record is missing/)
})

test('lines that changed places, and lines that were added or repeated', async (t) => {
  const { lines, key } = await wholeFile(t)
  const [a = '', b = ''] = lines.slice(9, 11)
  assert.match(firstProblem(lines.toSpliced(9, 2, b, a), key), /^10 comes where 1 record is missing/)
  assert.match(firstProblem(lines.toSpliced(9, 0, a.replace('tool-7', 'tool-x')), key), /^10 was altered|^11 is not in its place/)
  assert.match(verifyTexts({ f: text(lines.toSpliced(12, 0, a)) }, key).notices[0]?.message ?? '', /second time/)
})

test('all lines made anew from an altered one on: the signature of the next head is not right', async (t) => {
  const { lines, key } = await wholeFile(t)
  const { digestOf } = await import('../../../src/audit/chain.ts')
  const forged = [...lines]
  forged[9] = lines[9]?.replace('alice', 'mallory') ?? ''
  for (let at = 10; at < forged.length; at++) forged[at] = forged[at]?.replace(/"prev":"[^"]*"/, `"prev":"${digestOf(forged[at - 1] ?? '')}"`) ?? ''
  assert.match(firstProblem(forged, key), /^23 is a head whose signature is not right/)
  const other = keyIn(folderOf(t))
  assert.match(firstProblem(lines, other), /^2 is a head signed with another key/)
  assert.equal(verifyTexts({ f: text(lines) }).problems.length, 0)
})

test('a file that was cut short: its chain is not closed, and a head that was noted elsewhere is missing', async (t) => {
  const { lines, key } = await wholeFile(t)
  const { digestOf } = await import('../../../src/audit/chain.ts')
  const last = digestOf(lines.at(-1) ?? '')
  const cut = verifyTexts({ f: text(lines.slice(0, 15)) }, key, { heads: [last] })
  assert.match(cut.notices[0]?.message ?? '', /was not closed: .*; 13 records are behind the last signed head/)
  assert.match(cut.problems[0]?.message ?? '', /they were cut short/)
  assert.deepEqual(verifyTexts({ f: text(lines) }, key, { heads: [last] }).problems, [])
})

test('a chain that goes on in another file after a rotation is one chain; the later file alone begins in the middle', async (t) => {
  const folder = folderOf(t)
  const key = keyIn(folder)
  const path = join(folder, 'audit.jsonl')
  const { audit } = fileAudit(t, path, key)
  audit.record(call('before'))
  await until('it is written', () => linesOf(path).length === 3)
  renameSync(path, `${path}.1`)
  audit.reopen()
  audit.record(call('after'))
  await audit.close()
  const [older, newer] = [readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]
  const both = verifyTexts({ older, newer }, key)
  assert.deepEqual([both.records, both.chains, both.problems, both.notices], [2, 1, [], []])
  const alone = verifyTexts({ newer }, key)
  assert.deepEqual(alone.problems, [])
  assert.match(alone.notices[0]?.message ?? '', /begins in the middle of a chain/)
  assert.match(verifyTexts({ older: older.split('\n').slice(0, 2).join('\n'), newer }, key).problems[0]?.message ?? '', /1 record is missing/)
})

test('the next start names the last line of the one before: a tail that was cut or altered shows', async (t) => {
  const { lines, key, path } = await wholeFile(t)
  const again = fileAudit(t, path, key)
  again.audit.record(call('second'))
  await again.audit.close()
  const all = linesOf(path)
  assert.deepEqual(verifyTexts({ f: text(all) }, key).problems, [])
  assert.match(firstProblem([...all.slice(0, 20), ...all.slice(lines.length)], key), /^20 was altered, or lines behind it were removed/)
  assert.match(firstProblem(all.slice(lines.length), key), /^1 begins a chain behind lines that were removed/)
  assert.notEqual(firstProblem(all.with(22, all[22]?.replace('"closed":true', '"closed":null') ?? ''), key), 'none')
})

test('two processes that write to one file have two chains in it', async (t) => {
  const folder = folderOf(t)
  const key = keyIn(folder)
  const path = join(folder, 'audit.jsonl')
  const both = [fileAudit(t, path, key), fileAudit(t, path, key)]
  for (let round = 0; round < 10; round++) {
    for (const { audit } of both) audit.record(call(`round-${round}`))
    await until('something was written', () => linesOf(path).length > round)
  }
  await Promise.all(both.map(async ({ audit }) => { await audit.close() }))
  const report = verifyTexts({ f: readFileSync(path, 'utf8') }, key)
  assert.deepEqual([report.records, report.chains, report.problems], [20, 2, []])
})
