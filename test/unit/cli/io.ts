import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'
import { runCli } from '../../../src/cli/index.ts'
import type { CliIo, Output, ServedGateway } from '../../../src/cli/index.ts'
import type { Settings } from '../../../src/shared/settings.ts'

/** Folder of the project. */
export const PROJECT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
/** Folder of client configurations. */
export const FIXTURES = `${PROJECT}/test/fixtures/configs`

/** An output that keeps what was written. */
export function collector (isTerminal = false): Output & { text: () => string } {
  let text = ''
  return { isTerminal, write: (more) => { text += more }, text: () => text }
}

/** A process for commands to run in: outputs kept, signals sent by the test, a gateway that only counts. */
export interface TestIo {
  readonly io: CliIo
  readonly stdout: () => string
  readonly stderr: () => string
  /** Settings that `serve` started with. */
  readonly started: Settings[]
  /** What the gateway was told, in order. */
  readonly told: string[]
  signal (name: string): void
}

/** What a test may set. */
export interface TestIoOptions extends Partial<Pick<CliIo, 'env' | 'cwd' | 'projectDir' | 'startGateway'>> {
  readonly terminal?: boolean
  /** The start takes until then. */
  readonly standing?: Promise<void>
  /** Replaces parts of the gateway, for example a close that takes its time. */
  readonly gateway?: Partial<ServedGateway>
}

/** Makes such a process. */
export function testIo (options: TestIoOptions = {}): TestIo {
  const stdout = collector(options.terminal)
  const stderr = collector(options.terminal)
  const listeners = new Set<(signal: string) => void>()
  const started: Settings[] = []
  const told: string[] = []
  const gateway: ServedGateway = {
    url: 'http://127.0.0.1:4321',
    managementUrl: 'http://127.0.0.1:4322',
    reload: async ({ revision }) => { told.push(`reload ${revision}`); return { outcome: 'applied', revision, waiting: [] } },
    reloadRefused: (faults) => { told.push(`refused ${faults.length}`) },
    onReloadWanted () {},
    close: async (reason) => { told.push(`close ${reason}`) },
    closeNow: async () => { told.push('closeNow') },
    ...options.gateway
  }
  const io: CliIo = {
    stdout,
    stderr,
    env: options.env ?? { PATH: process.env['PATH'] },
    cwd: options.cwd ?? FIXTURES,
    projectDir: options.projectDir ?? PROJECT,
    version: '1.2.3',
    onHangUp: () => () => {},
    onSignal: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
    startGateway: options.startGateway ?? (async (settings) => { await options.standing; started.push(settings); return gateway })
  }
  return { io, started, told, stdout: stdout.text, stderr: stderr.text, signal: (name) => { for (const listener of [...listeners]) listener(name) } }
}

/** Runs one command line to its end. */
export async function run (argv: readonly string[], options: TestIoOptions = {}): Promise<{ code: number, stdout: string, stderr: string }> {
  const { io, stdout, stderr } = testIo(options)
  const code = await runCli(argv, io)
  return { code, stdout: stdout(), stderr: stderr() }
}

/** A new folder with these files (mode 0755, so that they may be programs), removed when the test ends. */
export function folderWith (test: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-cli-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o755 })
  return folder
}
