import type { Settings } from '../src/shared/settings.ts'
import type { PolicyHookSettings } from '../src/shared/settings/policy-hook.ts'
import { systemClock } from '../src/shared/clock.ts'
import type { Logger, Telemetry } from '../src/telemetry/index.ts'
import { createDecisionPoint } from '../src/tenancy/index.ts'
import type { DecisionPoint } from '../src/tenancy/index.ts'

/** The decision point of the newest configuration. */
export interface CurrentDecisionPoint {
  /** Undefined = the configuration has none. */
  point (): DecisionPoint | undefined
  close (): void
}

interface Made { readonly settings: PolicyHookSettings, readonly text: string, readonly point: DecisionPoint }

/** How often the log says at most that decisions do not come. */
const LOG_EVERY_MS = 10_000

/** Asks whichever decision point the configuration names now; another one is made when that changes, and questions under way end first. */
export function followPolicyHook (now: () => Settings, telemetry: Telemetry, logger: Logger): CurrentDecisionPoint {
  let made: Made | undefined
  let loggedMs = -Infinity
  const events = {
    decided (outcome: 'allowed' | 'denied' | 'away', durationMs: number, reason?: string): void {
      telemetry.observe('policy_hook_seconds', { outcome }).observe(durationMs / 1000)
      if (outcome !== 'away' || systemClock.nowMs() - loggedMs < LOG_EVERY_MS) return
      loggedMs = systemClock.nowMs()
      logger.warn({ event: 'policy_hook_away', reason }, 'the policy hook does not decide; policy.hook.whenAway says what that means')
    }
  }
  return {
    point () {
      const settings = now().policyHook
      if (settings === made?.settings) return made?.point
      const text = JSON.stringify(settings)
      if (text === made?.text && settings !== undefined && made !== undefined) {
        made = { ...made, settings }
        return made.point
      }
      retire(made)
      made = settings === undefined ? undefined : { settings, text, point: createDecisionPoint(settings, { nowMs: systemClock.nowMs, events }) }
      return made?.point
    },
    close () { made?.point.close() }
  }
}

function retire (made: Made | undefined): void {
  if (made !== undefined) setTimeout(() => made.point.close(), made.settings.timeoutMs).unref()
}
