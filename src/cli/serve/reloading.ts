import { watchFiles, type ConfigFault } from '../../../config/index.ts'
import type { ReloadOutcome } from '../../shared/reload-outcome.ts'
import type { Result } from '../../shared/result.ts'
import type { Settings } from '../../shared/settings.ts'
import type { ServedGateway } from '../command.ts'
import { faultLines } from '../fault-lines.ts'

/** What a reload is made of. */
export interface ReloadingOptions {
  readonly gateway: Pick<ServedGateway, 'reload' | 'reloadRefused' | 'onReloadWanted'>
  /** What serves now. */
  readonly settings: Settings
  /** When that was read, in milliseconds since 1970. */
  readonly readAtMs: number
  /** Reads the configuration anew. */
  load (revision: number): Promise<Result<Settings, readonly ConfigFault[]>>
  /** Calls back for each SIGHUP that is no farewell of a terminal; returns how to stop listening. */
  onHangUp (listener: () => void): () => void
}

/**
 * Follows the files of the configuration: a changed file, SIGHUP and POST /admin/reload read everything anew. What is wrong is
 * told and changes nothing (FR44). One at a time; what comes meanwhile is read once more afterwards.
 * @returns what ends it
 */
export function followConfig (options: ReloadingOptions): () => void {
  const { gateway, load } = options
  let now = options.settings
  let revision = now.revision
  let running: Promise<ReloadOutcome> | undefined
  let next: Promise<ReloadOutcome> | undefined

  async function reload (): Promise<ReloadOutcome> {
    const readAtMs = Date.now()
    const loaded = await load(revision + 1)
    if (!loaded.ok) {
      const faults = faultLines(loaded.error).trimEnd().split('\n')
      gateway.reloadRefused(faults)
      return { outcome: 'refused', revision, faults }
    }
    const outcome = await gateway.reload(loaded.value)
    now = loaded.value
    revision = outcome.revision
    follow(readAtMs)
    return outcome
  }

  /** A reload that begins after this was called. */
  function wanted (): Promise<ReloadOutcome> {
    if (running === undefined) {
      running = reload().finally(() => { running = undefined })
      return running
    }
    next ??= running.catch(() => undefined).then(() => {
      next = undefined
      return wanted()
    })
    return next
  }

  // What it throws was told, and the configuration before it serves.
  const want = (): void => { wanted().catch(() => undefined) }
  const files = watchFiles(want)
  const follow = (readAtMs: number): void => { files.follow([...now.configFiles ?? [], ...now.packages === undefined ? [] : [now.packages.lockFile]], readAtMs).catch(() => undefined) }
  follow(options.readAtMs)
  gateway.onReloadWanted(wanted)
  const stopListening = options.onHangUp(want)
  return () => {
    files.close()
    stopListening()
  }
}
