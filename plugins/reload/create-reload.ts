import type { Authenticator } from '../../src/auth/index.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import type { Limiter } from '../../src/limits/index.ts'
import type { ReloadOutcome } from '../../src/shared/reload-outcome.ts'
import { ok, refuse, type Result } from '../../src/shared/result.ts'
import type { Settings } from '../../src/shared/settings.ts'
import type { Logger, Telemetry } from '../../src/telemetry/index.ts'
import type { Policy } from '../../src/tenancy/index.ts'
import type { HealthState } from '../app-options.ts'
import { tenantsOf } from '../call-meter.ts'
import type { CurrentAuthenticator } from './current-authenticator.ts'
import type { CurrentPolicy } from './current-policy.ts'
import { reloadable, saysTheSame } from './reloadable.ts'
import { removedKeys, summaryOf } from './summary.ts'

/** Everything that a new configuration reaches. */
export interface ReloadParts {
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly gateway: Pick<Gateway, 'configure'>
  readonly limiter: Pick<Limiter, 'configure'>
  readonly policy: CurrentPolicy
  readonly authenticator: CurrentAuthenticator
  makePolicy (settings: Settings): Policy
  makeAuthenticator (settings: Settings): Authenticator
  /** Ends what was opened with these API keys: sessions, streams, calls. */
  endKeys (ids: ReadonlySet<string>): void
}

/** The configuration of a running gateway. */
export interface Reload {
  /** What serves now. */
  readonly settings: Settings
  /** Takes over another snapshot, all of it or nothing: refused, the one before serves. */
  apply (next: Settings): ReloadOutcome
  /** A configuration could not be read: it is told, and the one before serves. */
  refused (faults: readonly string[]): ReloadOutcome
  /** Row of /health: does the newest file serve? */
  check (): HealthState['checks'][string] | undefined
}

/** @param first what the gateway was started with */
export function createReload (first: Settings, parts: ReloadParts): Reload {
  const { telemetry, logger } = parts
  /** As it serves, and as its file said: what waits for a restart differs. */
  let [settings, asWritten] = [first, first]
  let problem: string | undefined
  told('applied')

  function told (outcome: ReloadOutcome['outcome']): void {
    telemetry.level('config_revision').set(settings.revision)
    telemetry.level('config_refused').set(problem === undefined ? 0 : 1)
    telemetry.count('config_reloads_total', { outcome }).inc(settings === first && outcome === 'applied' ? 0 : 1)
  }

  function refused (faults: readonly string[]): ReloadOutcome {
    problem = `the newest configuration has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}; revision ${settings.revision} serves`
    for (const fault of faults.slice(0, MAX_FAULTS_LOGGED)) logger.error({ event: 'config_refused', revision: settings.revision, reason: fault }, 'a new configuration is not taken over')
    told('refused')
    return { outcome: 'refused', revision: settings.revision, faults }
  }

  return {
    get settings () { return settings },
    refused,
    check: () => problem === undefined ? undefined : { status: 'degraded', detail: problem },
    apply (next) {
      if (saysTheSame(asWritten, next)) {
        problem = undefined
        told('unchanged')
        return { outcome: 'unchanged', revision: settings.revision }
      }
      const { settings: taken, waiting } = reloadable(first, next)
      const made = prepare(parts, settings, taken)
      if (!made.ok) return refused([made.error])
      const { policy, authenticator } = made.value
      // From here on nothing throws: all of it, or nothing of it.
      const before = settings
      settings = taken
      asWritten = next
      problem = undefined
      telemetry.allow('server', taken.servers.keys())
      telemetry.allow('tenant', tenantsOf(taken))
      parts.policy.replace(policy)
      if (authenticator !== undefined) parts.authenticator.replace(authenticator)
      parts.limiter.configure(taken)
      parts.gateway.configure(taken)
      const removed = removedKeys(before, taken)
      if (removed.length > 0) parts.endKeys(new Set(removed))
      logger.info({ event: 'config_reloaded', revision: taken.revision, ...summaryOf(before, taken), ...(waiting.length === 0 ? {} : { waiting_for_restart: waiting }) }, 'a new configuration serves')
      for (const warning of taken.warnings.filter((text) => !before.warnings.includes(text))) logger.warn({ event: 'config_warning', reason: warning }, 'the new configuration has something odd')
      told('applied')
      return { outcome: 'applied', revision: taken.revision, waiting }
    }
  }
}

/** A file of another format may have thousands. */
const MAX_FAULTS_LOGGED = 20

interface Prepared {
  readonly policy: Policy
  /** Absent = nothing about credentials differs: the one that serves keeps its key sets and verdicts. */
  readonly authenticator: Authenticator | undefined
}

/** Made before anything is replaced: what cannot be made is refused. */
function prepare (parts: ReloadParts, before: Settings, next: Settings): Result<Prepared, string> {
  // A file that is being written may be valid and empty for a moment.
  if (next.servers.size === 0 && before.servers.size > 0) return refuse('mcpServers: expected at least one server, because a gateway that serves some is not emptied by a reload; restart it to serve none')
  try {
    const isSame = JSON.stringify(before.auth) === JSON.stringify(next.auth)
    return ok({ policy: parts.makePolicy(next), authenticator: isSame ? undefined : parts.makeAuthenticator(next) })
  } catch (thrown) {
    return refuse(thrown instanceof Error ? thrown.message : String(thrown))
  }
}
