import { join, sep } from 'node:path'
import type { CliIo } from '../command.ts'

/** Which file is served, and where its relative paths begin. */
export interface ChosenConfig {
  readonly file: string
  readonly workingDirectory: string
  readonly quickStart: boolean
}

/**
 * The file named by flag or environment, or else the quick start. The quick start's `./data` lies in the project folder
 * wherever the command was typed; installed as a dependency, where that folder is npm's, it lies in the current one.
 */
export function chooseConfig (flag: string | undefined, io: CliIo): ChosenConfig {
  const named = flag ?? io.env['DRAWBRIDGE_CONFIG'] ?? ''
  if (named !== '') return { file: named, workingDirectory: io.cwd, quickStart: false }
  const installed = io.projectDir.split(sep).includes('node_modules')
  return { file: join(io.projectDir, 'config', 'examples', 'quickstart.json'), workingDirectory: installed ? io.cwd : io.projectDir, quickStart: true }
}
