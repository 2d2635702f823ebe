import { deliveredRow, targetsRow } from './alerts.ts'
import { backupRow } from './backup.ts'
import { buildContextRow } from './build-context.ts'
import { callsRows } from './calls.ts'
import { containersRows } from './containers.ts'
import { containmentRows } from './containment.ts'
import { dashboardsRow } from './dashboards.ts'
import { deploymentsRows } from './deployments.ts'
import { edgeRows } from './edge.ts'
import { loadRow } from './load.ts'
import { redisRow } from './redis-restart.ts'
import type { StackRow } from './types.ts'

/** All rows in their order: what only looks, then load, then what reads its figures, then what breaks things, and last what wipes all. */
export function stackRows ({ loadSeconds }: { readonly loadSeconds: number }): readonly StackRow[] {
  return [...callsRows, ...edgeRows, ...containersRows, ...containmentRows, buildContextRow, loadRow(loadSeconds), targetsRow, dashboardsRow, redisRow, deliveredRow, ...deploymentsRows, backupRow]
}
