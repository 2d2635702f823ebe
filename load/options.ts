import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { callsOf, DEFAULT_CALLS, type ToolCall } from './calls.ts'
import { SCENARIOS, scenarioOf, type Scenario } from './scenarios.ts'

/** The key when neither `--key` nor `--keys-file` is there: other users of the machine see command lines. */
const KEY_VARIABLE = 'DRAWBRIDGE_LOAD_KEY'

export const HELP = `npm run load -- --scenario NAME --url URL [options]

Sends load to a running gateway and holds what comes back to the thresholds of the scenario.

Scenarios:
${Object.entries(SCENARIOS).map(([name, { title }]) => `  ${name.padEnd(8)} ${title}`).join('\n')}

Options:
  --scenario NAME    one of the above
  --url URL          where the gateway is reached, e.g. https://mcp.example.com
  --keys-file FILE   API keys, one a line; virtual users take turns with them
  --key KEY          one API key. Better: --keys-file, or the variable ${KEY_VARIABLE}
  --calls FILE       which tools are called: [{"server": …, "tool": …, "arguments": {…}}, …]
  --seconds N        duration of the scenario's longest stage
  --users N          virtual users at its height
  --p95-ms N         another limit for the 95th percentile
  --insecure         do not check the certificate
  --runner node|k6   default node. k6 is used if it is on PATH, otherwise Node is, and a line says so
  --out FILE         the summary as JSON
  --help             this text

Exit code: 0 all thresholds hold, 1 one does not, 2 not run (options, or the first request of a key failed).
`

export interface LoadOptions {
  readonly name: string
  readonly scenario: Scenario
  readonly url: string
  readonly keys: readonly string[]
  readonly calls: readonly ToolCall[]
  readonly insecure: boolean
  readonly runner: 'node' | 'k6'
  readonly out: string | undefined
  /** As they were given, for k6, which makes the same scenario of them. */
  readonly changes: { readonly seconds: number | undefined, readonly users: number | undefined, readonly p95Ms: number | undefined }
}

/** Reads the command line; undefined when help was asked for. @throws with a sentence for the user */
export function readOptions (args: string[], env: NodeJS.ProcessEnv): LoadOptions | undefined {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      scenario: text, url: text, key: text, 'keys-file': text, calls: text, seconds: text, users: text, 'p95-ms': text, runner: text, out: text, insecure: { type: 'boolean' }, help: { type: 'boolean' }
    }
  })
  if (values.help === true) return undefined
  const { scenario: name = 'smoke', url, runner = 'node' } = values
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url)) throw new Error('--url takes where the gateway is, e.g. https://mcp.example.com')
  if (runner !== 'node' && runner !== 'k6') throw new Error('--runner takes node or k6')
  const changes = { seconds: positive('--seconds', values.seconds), users: positive('--users', values.users), p95Ms: positive('--p95-ms', values['p95-ms']) }
  const keys = keysOf(values['keys-file'], values.key ?? env[KEY_VARIABLE])
  const calls = values.calls === undefined ? DEFAULT_CALLS : callsOf(readFileSync(values.calls, 'utf8'))
  return { name, scenario: scenarioOf(name, changes), url: url.replace(/\/$/, ''), keys, calls, insecure: values.insecure === true, runner, out: values.out, changes }
}

function keysOf (file: string | undefined, key: string | undefined): string[] {
  const lines = file === undefined ? [key ?? ''] : readFileSync(file, 'utf8').split('\n')
  const keys = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  if (keys.length === 0) throw new Error(`a key is needed: --keys-file FILE, or ${KEY_VARIABLE}`)
  return keys
}

function positive (name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} takes a number above 0`)
  return value
}
