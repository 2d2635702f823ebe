import { join } from 'node:path'
import { createAuthenticator, createOwnTokens, createRevocationFile, createRevocations, tokenKeysFor } from '../src/auth/index.ts'
import type { AuthEvents, Authenticator, OwnTokens, Revocations } from '../src/auth/index.ts'
import { createRevocationStore } from '../src/redis/index.ts'
import type { Clock } from '../src/shared/clock.ts'
import type { Settings } from '../src/shared/settings.ts'
import { safeText } from '../src/telemetry/index.ts'
import type { Logger, Telemetry } from '../src/telemetry/index.ts'
import type { SharedState } from './compose-redis.ts'
import { createTokenEngine } from './external/jwt.ts'
import { keySetEvents } from './key-set-watch.ts'

/** What is kept of revocations on this machine, in `stateDir`. */
export const REVOCATION_FILE = 'revoked'

/** What credentials are looked at by. */
export interface ComposedAuth {
  /** For one snapshot of the settings; what was revoked stays so in the next. */
  makeAuthenticator (settings: Settings): Authenticator
  readonly revocations: Revocations
  close (): void
}

/** Revocations that are shared where replicas are, and the makers of authenticators. */
export function composeAuth (settings: Settings, clock: Clock, telemetry: Telemetry, logger: Logger, shared: SharedState | undefined): ComposedAuth {
  const revocations = composeRevocations(settings, clock, logger, shared)
  const events = keySetEvents(telemetry, logger)
  telemetry.beforeScrape(() => { telemetry.level('revocations_known').set(revocations.isUnknown ? 0 : 1) })
  return {
    revocations,
    makeAuthenticator: (next) => makeAuthenticator(next, { clock, events, revocations }),
    close: () => { revocations.close() }
  }
}

function makeAuthenticator (settings: Settings, parts: { readonly clock: Clock, readonly events: AuthEvents, readonly revocations: Revocations }): Authenticator {
  const own = ownTokens(settings, parts)
  return createAuthenticator(settings.auth, { ...parts, ...(own === undefined ? {} : { own }) })
}

function ownTokens (settings: Settings, { clock, revocations }: { readonly clock: Clock, readonly revocations: Revocations }): OwnTokens | undefined {
  const keys = tokenKeysFor(settings)
  if (keys === undefined) return undefined
  const { http: { publicUrl }, auth: { oauth } } = settings
  return createOwnTokens({ issuer: publicUrl, audience: oauth?.resource ?? publicUrl, engine: createTokenEngine(keys), clock, revocations })
}

function composeRevocations ({ stateDir, auth: { whenRevocationsUnknown = 'deny' } }: Settings, clock: Clock, logger: Logger, shared: SharedState | undefined): Revocations {
  const file = createRevocationFile(join(stateDir, REVOCATION_FILE))
  return createRevocations({
    clock,
    ...(shared === undefined ? { store: file } : { store: createRevocationStore(shared), copy: file }),
    isShared: shared !== undefined,
    whenUnknown: whenRevocationsUnknown,
    onStore (outcome, reason) {
      if (outcome === 'ok') logger.info({ event: 'revocations_known' }, 'the list of revoked credentials can be read again')
      else logger.warn({ event: 'revocations_unread', reason: safeText(reason ?? '') }, 'the list of revoked credentials cannot be read or written; the last one known holds')
    }
  })
}
