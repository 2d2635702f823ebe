import type { AccessSettings, RoleSettings } from './access.ts'

/** One entry of `tenants`: what its users may use, and what they may use up together. */
export interface TenantSettings extends AccessSettings {
  /** Roles of this tenant; they stand in place of those of the same name in `Settings.roles`. Absent = none. */
  readonly roles?: ReadonlyMap<string, RoleSettings>
  readonly limits: {
    readonly callsPerMinute?: number
    readonly requestsPerMinute?: number
    readonly concurrentCalls?: number
    /** Calls of all its users in a calendar day and month, UTC. */
    readonly callsPerDay?: number
    readonly callsPerMonth?: number
    readonly workers?: number
    /** Share of turns while tenants wait for the same slots or worker starts. Default 1. */
    readonly weight?: number
  }
}
