import type { Environment } from '../../config/index.ts'
import type { ReloadOutcome } from '../shared/reload-outcome.ts'
import type { Settings } from '../shared/settings.ts'

/** Where a command writes. Tests collect the text. */
export interface Output {
  write (text: string): void
  /** A terminal, where a line may be written over. */
  readonly isTerminal: boolean
}

/** A gateway that answers; what `serve` of server.ts resolves to. */
export interface ServedGateway {
  readonly url: string
  readonly managementUrl: string
  reload (settings: Settings): Promise<ReloadOutcome>
  reloadRefused (faults: readonly string[]): void
  onReloadWanted (listener: () => Promise<ReloadOutcome>): void
  close (reason: string): Promise<void>
  closeNow (): Promise<void>
}

/** Everything a command may touch of the process it runs in. */
export interface CliIo {
  readonly stdout: Output
  readonly stderr: Output
  /** `process.env`, handed in. */
  readonly env: Environment
  readonly cwd: string
  /** Folder that holds package.json and config/examples. */
  readonly projectDir: string
  readonly version: string
  /** Calls back for each request to end, with the signal's name; returns how to stop listening. */
  onSignal (listener: (signal: string) => void): () => void
  /** Calls back for each SIGHUP that is not a terminal's farewell; returns how to stop listening. */
  onHangUp (listener: () => void): () => void
  /** Starts the gateway; server.ts in the real program. */
  startGateway (settings: Settings, env: Environment): Promise<ServedGateway>
}

/** One option of a command. The default is for the reader; the command applies it. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  readonly short?: string
  /** What stands for the value in the help. */
  readonly value?: string
  readonly help: string
  readonly default?: string
  readonly required?: boolean
}

/** Options and words of one call, after the syntax was checked. */
export interface CommandArgs {
  text (name: string): string | undefined
  texts (name: string): readonly string[]
  /** `undefined` = not given; `--no-x` gives false. */
  flag (name: string): boolean | undefined
  readonly words: readonly string[]
}

/** One command: its help is made from the same table that its arguments are checked against. */
export interface Command {
  /** One or two words. */
  readonly name: string
  readonly summary: string
  /** A few lines: what it does, reads and writes, and how it exits. */
  readonly description: string
  readonly options: Readonly<Record<string, OptionSpec>>
  /** Name of the words after the options, if it takes any. */
  readonly words?: { readonly name: string, readonly atLeast: number }
  readonly examples: readonly string[]
  /** @returns the exit code */
  run (args: CommandArgs, io: CliIo): Promise<number>
}

/** Exit code for a command line that is not understood, as shells and most tools use it. */
export const EXIT_USAGE = 2
