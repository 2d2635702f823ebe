import { createDashboard } from '../create-dashboard.ts'
import { inRange, orZero, perSecond, perSecondBy, quantile, REPLICA, shareOf, totalBy } from '../expressions.ts'
import { goodFrom, oddFrom, worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'
import { zeroIs, zeroOrOne } from '../panels/words.ts'

/** Redis, as it sees itself and as the gateways see it, and what replicas share through it. */
export const redis = createDashboard({
  name: 'redis',
  title: 'Redis and replicas',
  about: 'Is the shared state there, fast and whole? Redis as it sees itself and as the gateways see it, and what replicas do through it.',
  variables: ['replica'],
  shelves: [
    {
      heading: 'Is the shared state there?',
      height: 4,
      panels: [
        stat({ title: 'Do all gateways reach Redis?', about: 'Red: one of them goes on without it; limits then hold for each replica alone.', unit: 'short', levels: goodFrom(1), words: zeroOrOne('no', 'yes'), expr: orZero(`min(drawbridge_redis_up{${REPLICA}})`) }),
        stat({ title: 'How full is Redis?', about: 'Of maxmemory in deploy/redis.conf. When it is full, Redis refuses to write.', unit: 'percentunit', levels: worseFrom(0.7, 0.9), decimals: 0, expr: shareOf('max(redis_memory_used_bytes)', 'max(redis_memory_max_bytes)') }),
        stat({ title: 'Has anybody tampered?', about: 'Values that no gateway with this secret has written. Anything but 0: tampering, or gateways with different secrets (T57).', unit: 'short', levels: wrongFrom(1), words: zeroIs('no'), decimals: 0, expr: inRange('state_mac_fail_total') }),
        stat({ title: 'Does it survive a restart?', about: 'Whether the append-only file was written the last time. no: the disk is full or broken.', unit: 'short', levels: goodFrom(1), words: zeroOrOne('no', 'yes'), expr: orZero('min(redis_aof_last_write_status)') })
      ]
    },
    {
      heading: 'Redis',
      height: 8,
      panels: [
        chart({ title: 'How long do commands take?', about: 'As the gateways see it. Rises with slow commands, a slow disk, or too little CPU for Redis.', unit: 's', levels: oddFrom(0.01), queries: [0.5, 0.95, 0.99].map((share) => ({ expr: quantile(share, 'redis_command_seconds'), legend: `p${share * 100}` })) }),
        chart({ title: 'How do commands end?', about: 'timeout: too slow. connection: broken. reply: Redis said no. away: known to be gone, not sent.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('outcome', 'redis_commands_total'), legend: '{{outcome}}' }] }),
        chart({ title: 'How much memory does it use?', about: 'maxmemory is a fixed line. Keys end by themselves; one that only rises is worth a look.', unit: 'bytes', queries: [{ expr: orZero('sum(redis_memory_used_bytes)'), legend: 'used' }, { expr: orZero('sum(redis_memory_max_bytes)'), legend: 'maxmemory' }] }),
        chart({ title: 'How many clients and keys?', about: 'Clients: two or three for each gateway, and the exporter. Evicted keys must stay 0: what limits and claims rest on would be gone.', unit: 'short', queries: [{ expr: orZero('sum(redis_connected_clients)'), legend: 'clients' }, { expr: orZero('sum(redis_db_keys)'), legend: 'keys' }, { expr: orZero('sum(increase(redis_evicted_keys_total[$__rate_interval]))'), legend: 'evicted' }] })
      ]
    },
    {
      heading: 'Replicas',
      height: 8,
      panels: [
        chart({ title: 'Do replicas see each other?', about: 'Living replicas, as each of them sees it. Lines apart: a network between them is broken.', unit: 'short', queries: [{ expr: totalBy('replica', 'replicas_live'), legend: 'seen by {{replica}}' }] }),
        chart({ title: 'Who serves how many?', about: 'Users, and tenants that share workers. They move when a replica leaves or dies.', unit: 'short', isStacked: true, queries: [{ expr: totalBy('replica', 'replica_keys_owned'), legend: '{{replica}}' }] }),
        chart({ title: 'How does a replica get its users?', about: 'new: nobody served them. stolen: their replica died. provisional: Redis was away. fenced: lost to another. taken over: sessions that go on here.', unit: 'reqps', queries: [{ expr: perSecondBy('how', 'replica_claims_total'), legend: '{{how}}' }, { expr: perSecond('replica_fenced_total'), legend: 'fenced' }, { expr: perSecond('sessions_reopened_total'), legend: 'taken over' }] })
      ]
    },
    {
      heading: 'Between replicas',
      height: 8,
      panels: [
        chart({ title: 'How are handed-over requests answered?', about: 'Requests that reached a replica which does not own their user. unreachable, lost: the other one is in trouble.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('outcome', 'replica_hops_total'), legend: '{{outcome}}' }] }),
        chart({ title: 'What does handing over cost?', about: 'Until the other replica began to answer, p50 and p95.', unit: 's', queries: [0.5, 0.95].map((share) => ({ expr: quantile(share, 'replica_hop_seconds'), legend: `p${share * 100}` })) }),
        chart({ title: 'Who knocks at the replica listener?', about: 'Messages that no replica with this secret had signed. Must be 0: nobody else is on that network.', unit: 'reqps', levels: wrongFrom(0.01), queries: [{ expr: perSecond('replica_hops_refused_total'), legend: 'refused' }] })
      ]
    }
  ]
})
