import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'
import { loadSettings } from '../../../config/index.ts'
import type { ConfigFault, LoadOptions } from '../../../config/index.ts'
import type { Settings } from '../../../src/shared/settings.ts'

/** Folder of the configurations that tests load. */
export const FIXTURES = fileURLToPath(new URL('../../fixtures/configs', import.meta.url))
/** Folder of the project. */
export const PROJECT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** A SHA-256 that no known word has. */
export const SHA = '3b1c5e7f90a2d4c6e8f01a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f'
/** A random secret of 64 bytes. */
export const SECRET = 'kR8s0Qm3v9Zx1Lw7Tb5Ye2Uh6Jd4Gf8P0oNcAiXqWzVrStBuMyKlHgEjDpCfaQ'

type Document = Readonly<Record<string, unknown>>
type Extra = Partial<Omit<LoadOptions, 'document'>>

/** The settings of a document, or the test fails with its faults. */
export async function settingsOf (document: Document, extra: Extra = {}): Promise<Settings> {
  return orThrow(await loadSettings({ env: {}, cwd: '/work-dir', document, ...extra }))
}

/** The settings of a file, or the test fails with its faults. */
export async function settingsOfFile (file: string, extra: Extra = {}): Promise<Settings> {
  return orThrow(await loadSettings({ env: {}, cwd: FIXTURES, file, ...extra }))
}

/** The faults of a document; the test fails if there is none. */
export async function faultsOf (document: Document, extra: Extra = {}): Promise<readonly ConfigFault[]> {
  const loaded = await loadSettings({ env: {}, cwd: '/work-dir', document, ...extra })
  if (loaded.ok) throw new Error('the configuration was expected to have a fault')
  return loaded.error
}

/** The faults of a file; the test fails if there is none. */
export async function faultsOfFile (file: string, extra: Extra = {}): Promise<readonly ConfigFault[]> {
  const loaded = await loadSettings({ env: {}, cwd: FIXTURES, file, ...extra })
  if (loaded.ok) throw new Error('the configuration was expected to have a fault')
  return loaded.error
}

/** A document with one server, and what else is given. */
export function oneServer (entry: Document = {}, rest: Document = {}): Document {
  return { mcpServers: { one: { command: 'server', ...entry } }, ...rest }
}

/** A new folder with these files, removed when the test ends. */
export function folderWith (test: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-config-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

function orThrow (loaded: Awaited<ReturnType<typeof loadSettings>>): Settings {
  if (loaded.ok) return loaded.value
  throw new Error(loaded.error.map(({ file, key, message }) => `${file ?? ''} ${key}: ${message}`).join('\n'))
}
