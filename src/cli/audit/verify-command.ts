import { createReadStream, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { readKnownKey, Verification } from '../../audit/index.ts'
import type { AuditReport, Finding, KnownKey } from '../../audit/index.ts'
import { EXIT_USAGE } from '../command.ts'
import type { CliIo, Command, CommandArgs } from '../command.ts'
import { counted } from '../fault-lines.ts'

/** Findings that are printed; what follows the first is mostly its consequence. */
const MOST_SHOWN = 20

/** `drawbridge audit verify` */
export const auditVerifyCommand: Command = {
  name: 'audit verify',
  summary: 'Check audit files: was a record altered, removed, added or moved?',
  description: [
    'Reads the files, the oldest first, follows every chain of records in them and checks the signed heads. Prints what is',
    'wrong, the first line first. Exits 0 when nothing is, 1 otherwise. Without --key, heads are held to the key that their',
    'chain itself names, which whoever can write the files could have put there.'
  ].join('\n'),
  options: {
    key: { type: 'string', value: 'FILE', help: 'Public (or private) key of the heads in PEM: audit.pub of the state directory.' },
    head: { type: 'string', value: 'DIGEST', multiple: true, help: 'Digest of a head that must be there, as the log had it at level debug (audit_head). Shows that a file was cut short.' },
    trimmed: { type: 'boolean', help: 'The oldest records were given up to make room, as streams do: chains may begin in the middle.' },
    json: { type: 'boolean', help: 'Print one JSON object: { ok, records, chains, heads, problems, notices }.' }
  },
  words: { name: 'FILE', atLeast: 1 },
  examples: ['drawbridge audit verify audit.jsonl --key /var/lib/drawbridge/audit.pub', 'drawbridge audit verify audit.jsonl.2 audit.jsonl.1 audit.jsonl'],
  run: verifyFiles
}

async function verifyFiles (args: CommandArgs, io: CliIo): Promise<number> {
  const keyFile = args.text('key')
  let key: KnownKey | undefined
  try {
    key = keyFile === undefined ? undefined : readKnownKey(readFileSync(resolve(io.cwd, keyFile), 'utf8'))
  } catch (error) {
    io.stderr.write(`drawbridge audit verify: --key ${keyFile ?? ''}: ${reasonOf(error)}\n`)
    return EXIT_USAGE
  }
  const verification = new Verification({ ...(key === undefined ? {} : { key }), heads: args.texts('head'), isTrimmed: args.flag('trimmed') === true })
  for (const file of args.words) {
    try {
      await readInto(verification, file, resolve(io.cwd, file))
    } catch (error) {
      io.stderr.write(`drawbridge audit verify: ${file}: ${reasonOf(error)}\n`)
      return EXIT_USAGE
    }
  }
  const report = verification.end()
  const ok = report.problems.length === 0
  io.stdout.write(args.flag('json') === true ? `${JSON.stringify({ ok, ...report }, null, 2)}\n` : textReport(report, key))
  return ok ? 0 : 1
}

async function readInto (verification: Verification, file: string, path: string): Promise<void> {
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) verification.line(line, { file, number: ++number })
}

function textReport (report: AuditReport, key: KnownKey | undefined): string {
  const { problems, notices, records, chains, heads } = report
  const signer = key === undefined ? 'by the keys that the chains name; give --key to know whose they are' : `by ${key.fingerprint}`
  const first = problems[0]
  return [
    ...shown(problems),
    ...shown(notices).map((line) => `note: ${line}`),
    `${counted(records, 'record')} in ${counted(chains, 'chain')}, ${counted(heads, 'head')} signed ${signer}`,
    first === undefined ? 'Nothing was altered, removed, added or moved.' : `NOT INTACT: ${first.file}:${first.number} ${first.message}.`,
    ''
  ].join('\n')
}

function shown (findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, MOST_SHOWN).map(({ file, number, message }) => `${file}:${number} ${message}`)
  return findings.length > MOST_SHOWN ? [...lines, `… and ${findings.length - MOST_SHOWN} more`] : lines
}

function reasonOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
