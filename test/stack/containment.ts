import assert from 'node:assert/strict'
import { withProbes } from './probes.ts'
import type { Probe } from './probes.ts'
import { callPlainly } from './calls.ts'
import type { Stack, StackRow, StackUser } from './types.ts'

/** What a worker inside the gateway's container gets at: nothing that is not its own. */
export const containmentRows: readonly StackRow[] = [
  { name: 'a worker in the container is contained', run: contained }
]

/** Asked by the same code in two workers of one user on one replica: one contained as production does it, one not at all. */
async function contained (stack: Stack): Promise<string> {
  const [user, neighbour] = stack.users
  assert.ok(user && neighbour)
  const foreign = await fileOf(stack, neighbour)
  return await withProbes(stack, user, async ({ contained, bare }) => {
    const files = await filesRow(contained, bare, foreign)
    const environments = await environmentsRow(contained, bare)
    const network = await networkRow(stack, contained, bare)
    return `${files}; ${environments}; ${network}`
  })
}

/** Makes a file of this user by the filesystem server, and says where it is. */
async function fileOf (stack: Stack, user: StackUser): Promise<string> {
  const allowed = JSON.stringify(await (await callPlainly(stack, user.key, 'filesystem__list_allowed_directories', {})).json())
  const directory = /\/data\/[\w/-]+/.exec(allowed)?.[0]
  assert.ok(directory, allowed)
  const path = `${directory}/private.txt`
  const written = await callPlainly(stack, user.key, 'filesystem__write_file', { path, content: 'nobody else reads this' })
  assert.match(await written.text(), /Successfully wrote/)
  return path
}

async function filesRow (contained: Probe, bare: Probe, foreign: string): Promise<string> {
  const secrets = ['drawbridge_secret', 'management_token', 'redis_url'].map((name) => `/run/secrets/${name}`)
  const own = ['/etc/drawbridge/gateway.yaml', '/etc/drawbridge/keys.yaml', '/var/lib/drawbridge/audit.key', '/var/lib/drawbridge/audit.jsonl']
  const paths = [...secrets, ...own, foreign]
  const code = `return ${JSON.stringify(paths)}.filter((path) => { try { return fs.readFileSync(path).length > 0 } catch { return false } })`
  assert.deepEqual(await bare(code), paths, 'without containment every one of them is read')
  assert.deepEqual(await contained(code), [])
  return `reads none of ${secrets.length} secrets, ${own.length} of the gateway's files, the neighbour's file`
}

/** By what only the gateway's processes have in it. */
async function environmentsRow (contained: Probe, bare: Probe): Promise<string> {
  const code = `return fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map((pid) => {
    let text = ''
    try { text = fs.readFileSync('/proc/' + pid + '/environ', 'latin1') } catch {}
    return text.includes('DRAWBRIDGE_SECRET_FILE=')
  })`
  const seen = await bare(code) as boolean[]
  assert.ok(seen.includes(true), 'without containment the gateway\'s environment is read')
  const inside = await contained(code) as boolean[]
  assert.deepEqual(inside.filter(Boolean), [])
  return `sees ${inside.length} processes of the container's ${seen.length}, the gateway's environment in none`
}

async function networkRow ({ subnet }: Stack, contained: Probe, bare: Probe): Promise<string> {
  const replicas = [1, 2].flatMap((number) => [`${subnet}.1${number}:8080`, `${subnet}.4${number}:8082`, `${subnet}.7${number}:8081`])
  const places = [`${subnet}.40:6379`, ...replicas, `${subnet}.10:8443`, 'redis:6379', 'prometheus:9090']
  assert.deepEqual(await bare(connecting(places)), places, 'without containment every one of them is reached')
  assert.deepEqual(await contained(connecting(places)), [], 'directly')
  const proxied = await contained(throughProxy(places)) as string[]
  assert.deepEqual(proxied.filter((status) => !status.startsWith('HTTP/1.1 403')), [], `through the guarded proxy: ${proxied.join(', ')}`)
  return `reaches none of ${places.length} places (Redis, management, replicas, nginx, Prometheus), neither directly nor through its proxy (403)`
}

/** Code that returns those of these places that take a connection. */
function connecting (places: readonly string[]): string {
  return `const { connect } = await load('node:net')
  const taken = await Promise.all(${JSON.stringify(places)}.map((place) => new Promise((resolve) => {
    const [host, port] = place.split(':')
    const socket = connect({ host, port: Number(port), timeout: 5000 })
    const end = (found) => { socket.destroy(); resolve(found) }
    socket.once('connect', () => end(place)).once('error', () => end()).once('timeout', () => end())
  })))
  return taken.filter((place) => place !== undefined)`
}

/** Code that returns what the worker's own proxy says when it is asked for a way to each of these places. */
function throughProxy (places: readonly string[]): string {
  return `const { connect } = await load('node:net')
  const proxy = new URL(process.env.HTTPS_PROXY)
  return await Promise.all(${JSON.stringify(places)}.map((place) => new Promise((resolve) => {
    const socket = connect({ host: proxy.hostname, port: Number(proxy.port), timeout: 5000 })
    const end = (found) => { socket.destroy(); resolve(found) }
    socket.once('error', (error) => end(error.code)).once('timeout', () => end('timeout')).once('end', () => end('end'))
    socket.once('data', (bytes) => end(bytes.toString('latin1').split('\\r\\n')[0]))
    socket.write('CONNECT ' + place + ' HTTP/1.1\\r\\nHost: ' + place + '\\r\\n\\r\\n')
  })))`
}
