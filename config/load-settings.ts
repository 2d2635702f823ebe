import { resolve } from 'node:path'
import { ok, refuse } from '../src/shared/result.ts'
import type { Result } from '../src/shared/result.ts'
import type { Settings } from '../src/shared/settings.ts'
import { validateFile } from './check/validate.ts'
import { warnOfNotices, warnOfUnknownEntryKeys } from './check/notices.ts'
import { readOverrides, warnOfUnusedVariables } from './environment.ts'
import type { ConfigFlags } from './environment.ts'
import { createReport } from './fault.ts'
import type { ConfigFault, Report } from './fault.ts'
import { gatewayFile } from './schema/gateway-file.ts'
import { SERVER_ENTRY_KEYS } from './schema/server-entry.ts'
import { createLookup } from './secret-lookup.ts'
import type { Environment } from './secret-lookup.ts'
import { buildSettings } from './settings/build-settings.ts'
import type { BuildContext } from './settings/build-settings.ts'
import { mergeDocuments } from './settings/merge.ts'
import type { CheckedDocument, MergedConfig } from './settings/merge.ts'
import { gatherFiles, prepareDocument } from './source/gather-files.ts'
import type { ConfigDocument, GatherContext } from './source/gather-files.ts'

/** Everything that decides the settings. Nothing else does: no global is read. */
export interface LoadOptions {
  /** The gateway file, JSON or YAML by its extension. Absent: DRAWBRIDGE_CONFIG names it. */
  readonly file?: string
  /** Already parsed data in place of a file, for embedding. */
  readonly document?: Readonly<Record<string, unknown>>
  readonly flags?: ConfigFlags
  /** `process.env`, handed in. */
  readonly env: Environment
  /** Relative paths of the command, of flags and of server entries start here. Absolute. */
  readonly cwd: string
  /** Number of this snapshot. Default 1. */
  readonly revision?: number
  /** For commands that lock and install packages, and so come before what the settings would be refused for. Default false. */
  readonly mayLackPackages?: boolean
}

/**
 * Reads, expands, validates and checks the whole configuration.
 * @returns a deep-frozen snapshot, or every fault found, each naming its key. Never throws for what an operator wrote.
 */
export async function loadSettings (options: LoadOptions): Promise<Result<Settings, readonly ConfigFault[]>> {
  const report = createReport()
  const lookup = createLookup(options.env, options.cwd)
  const overrides = readOverrides(options.flags ?? {}, options.env, lookup, report)
  const documents = gather(options, { cwd: options.cwd, lookup, report }).map((document) => checkDocument(document, report))
  const config = mergeDocuments(documents, report)
  warnOfUnusedVariables(options.env, namesIn(config, lookup.asked()), report)
  const settings = buildSettings(config, { overrides, lookup, report, workingDirectory: resolve(options.cwd), revision: options.revision ?? 1, configFiles: documents.flatMap(({ file }) => file === undefined ? [] : [resolve(options.cwd, file)]), ...packagesOf(options) })
  const faults = report.faults()
  return faults.length > 0 ? refuse(faults) : ok(settings)
}

/** A document in place of a file has no lock beside it. */
function packagesOf (options: LoadOptions): Pick<BuildContext, 'configFile' | 'mayLackPackages'> {
  const file = options.document === undefined ? options.file ?? options.env['DRAWBRIDGE_CONFIG'] ?? '' : ''
  return { mayLackPackages: options.mayLackPackages === true, ...file === '' ? {} : { configFile: file } }
}

/** Variables that the files refer to, by reference or by secretEnv. */
function namesIn (config: MergedConfig, asked: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...asked, ...config.jwt.flatMap(({ value }) => value.secretEnv ?? []), ...authVariables(config.main.auth)])
}

function authVariables (auth: MergedConfig['main']['auth']): string[] {
  return [...auth?.introspection?.map(({ clientSecretEnv }) => clientSecretEnv) ?? [], ...auth?.tokens?.keys.map(({ privateKeyEnv }) => privateKeyEnv) ?? []]
}

function gather (options: LoadOptions, context: GatherContext): ConfigDocument[] {
  if (options.document !== undefined) return [prepareDocument(options.document, undefined, true, context)]
  const fromEnvironment = options.env['DRAWBRIDGE_CONFIG']
  const file = options.file ?? fromEnvironment ?? ''
  if (file !== '') return gatherFiles(file, { path: [options.file === undefined ? 'DRAWBRIDGE_CONFIG' : '--config'] }, context)
  context.report.fault({ path: ['--config'] }, 'expected the gateway file, by --config FILE or DRAWBRIDGE_CONFIG')
  return []
}

function checkDocument (document: ConfigDocument, report: Report): CheckedDocument {
  const data = validateFile(document.data, document.file, report)
  warnOfNotices(gatewayFile, data, { file: document.file, path: [] }, report)
  for (const group of ['mcpServers', 'servers'] as const) {
    for (const [name, entry] of Object.entries(data[group] ?? {})) {
      if (typeof entry === 'object' && entry !== null) warnOfUnknownEntryKeys(SERVER_ENTRY_KEYS, entry, { file: document.file, path: [group, name] }, report)
    }
  }
  return { ...document, data }
}
