/**
 * What becomes of upstreams, Redis, replicas and the configuration under abuse, row by row, with the figures: real gateways,
 * real Redis, real nginx, signals.
 *
 *   npm run chaos                       every row
 *   npm run chaos -- --only FR20,FR30   these rows
 *   npm run chaos -- --quick            a part of the load
 *
 * Prints one table; ends with 1 if a figure is not what was wanted. Figures in milliseconds are for a machine that does
 * nothing else. The rows about workers: npm run chaos:workers.
 */
import type { Row } from './figure.ts'
import { keysOfRedis, limitsWithoutRedis, redisDown, redisFlushed, redisFrozen, splitView } from './rows/redis.ts'
import { clockSteps, fewDescriptors, keepAliveRace, nginxReloads, reloads, replicaKilled, rollingRestart } from './rows/replicas.ts'
import { expiringCredential, failover, fullAuditSink, herd, idempotencyKeys } from './rows/shared-state.ts'
import { heavyJson, unreadResults } from './rows/memory.ts'
import { badUpstream, downUpstream, endlessUpstream, forgottenSessions, slowUpstream } from './rows/upstream.ts'
import { runRows } from './run-rows.ts'

const ROWS: readonly Row[] = [
  badUpstream, forgottenSessions, expiringCredential, downUpstream, slowUpstream, endlessUpstream, herd,
  redisDown, limitsWithoutRedis, redisFrozen, failover, redisFlushed, splitView, keysOfRedis,
  replicaKilled, rollingRestart, nginxReloads, keepAliveRace, fewDescriptors, heavyJson, clockSteps, unreadResults, fullAuditSink, idempotencyKeys, reloads
]

process.exit(await runRows(ROWS))
