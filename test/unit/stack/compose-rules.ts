import type { ComposeFile, ComposeService } from './compose-schema.ts'

/** What a service may do without, and why. */
const EXEMPT = {
  /** Their images have one program and no shell; Prometheus sees whether they answer. packages ends. */
  healthcheck: new Set(['packages', 'redis-exporter', 'nginx-exporter', 'blackbox-exporter']),
  /** nginx-unprivileged runs as 101 by itself. */
  user: new Set(['nginx']),
  /** Fills its volumes once, then ends. */
  restart: new Set(['packages'])
}

/** Networks with a way out, and who is on them. */
const WITH_A_WAY_OUT: Readonly<Record<string, readonly string[]>> = {
  edge: ['nginx'],
  egress: ['packages', 'gateway-blue-1', 'gateway-blue-2', 'gateway-green-1', 'gateway-green-2'],
  alerts: ['alertmanager']
}

/** Who may be where Redis is: on `state` nobody else gets even a refusal from it. */
const NEAR_REDIS = /^(redis|redis-exporter|gateway-(blue|green)-[12])$/

/** What is wrong with the stack by the rules of docs/operations/checklist.md. Empty = nothing. */
export function composeFaults (file: ComposeFile): string[] {
  return [...Object.entries(file.services).flatMap(([name, service]) => [
    ...hardeningFaults(name, service), ...runtimeFaults(name, service), ...secretFaults(name, service, file), ...imageFaults(name, service)
  ]), ...networkFaults(file), ...addressFaults(file)]
}

function hardeningFaults (name: string, service: ComposeService): string[] {
  const mounts = service.volumes ?? []
  return [
    service.read_only === true ? '' : `${name}: the root is not read-only`,
    service.cap_drop?.join() === 'ALL' ? '' : `${name}: capabilities are not dropped`,
    (service.security_opt ?? []).some((option) => /^no-new-privileges(:true)?$/.test(option)) ? '' : `${name}: may gain privileges`,
    EXEMPT.user.has(name) || /^[1-9][0-9]*:[1-9][0-9]*$/.test(service.user ?? '') ? '' : `${name}: no user, or root`,
    mounts.some((mount) => mount.includes('docker.sock')) ? `${name}: holds the engine's socket` : '',
    ...mounts.filter((mount) => /^[.$]/.test(mount) && !mount.endsWith(':ro') && name !== 'packages').map((mount) => `${name}: may write to ${mount}`)
  ].filter(Boolean)
}

function runtimeFaults (name: string, service: ComposeService): string[] {
  const { cpus, memory, pids } = service.deploy?.resources.limits ?? {}
  return [
    cpus !== undefined && memory !== undefined && pids !== undefined ? '' : `${name}: no limits of processors, memory and processes`,
    service.logging === undefined ? `${name}: its log has no bound` : '',
    service.restart === 'unless-stopped' || EXEMPT.restart.has(name) ? '' : `${name}: is not started again`,
    (service.healthcheck !== undefined && service.healthcheck.disable !== true) || EXEMPT.healthcheck.has(name) ? '' : `${name}: nobody can tell whether it is well`,
    name === 'nginx' || service.ports === undefined ? '' : `${name}: is published`
  ].filter(Boolean)
}

/** Values that look like secrets to whoever reads names only: what the configuration is checked with where nothing is served. */
const STAND_INS = new Set(['redis://redis:6379', 'installs-packages-and-signs-nothing'])

function secretFaults (name: string, { secrets = [], environment = {} }: ComposeService, file: ComposeFile): string[] {
  return [
    ...name === 'packages' ? secrets.map((secret) => `packages: scripts of packages run beside the secret ${secret}`) : [],
    ...secrets.filter((secret) => file.secrets?.[secret] === undefined).map((secret) => `${name}: the secret ${secret} is declared nowhere`),
    ...Object.entries(environment).filter(([key, value]) => /(SECRET|TOKEN|PASSWORD|_KEY|REDIS_URL)/.test(key) && !(/_FILE$/.test(key) && value.startsWith('/run/secrets/')))
      .filter(([, value]) => name !== 'packages' || !STAND_INS.has(value))
      .map(([key]) => `${name}: ${key} is in the environment, and not a file`)
  ]
}

function imageFaults (name: string, { image = '', pull_policy: pullPolicy }: ComposeService): string[] {
  const isOwn = image.startsWith('${DRAWBRIDGE_IMAGE')
  const isExact = /^[a-z0-9./_-]+:v?\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(image)
  return [
    isOwn || isExact ? '' : `${name}: the image ${image} is not one exact version`,
    isOwn && pullPolicy !== 'never' ? `${name}: its image may come from anywhere` : ''
  ].filter(Boolean)
}

function networksOf ({ networks = [] }: ComposeService): string[] {
  return Array.isArray(networks) ? networks : Object.keys(networks)
}

function networkFaults ({ services, networks = {} }: ComposeFile): string[] {
  const open = Object.keys(networks).filter((name) => networks[name]?.internal !== true)
  return [
    ...open.filter((name) => WITH_A_WAY_OUT[name] === undefined).map((name) => `the network ${name} has a way out`),
    ...Object.entries(services).flatMap(([name, service]) => [
      ...(networksOf(service).length === 0 ? [`${name}: is on the default network`] : []),
      ...networksOf(service).filter((network) => networks[network] === undefined).map((network) => `${name}: the network ${network} is declared nowhere`),
      ...networksOf(service).filter((network) => WITH_A_WAY_OUT[network]?.includes(name) === false).map((network) => `${name}: has a way out by ${network}`),
      ...(networksOf(service).includes('state') && !NEAR_REDIS.test(name) ? [`${name}: reaches Redis`] : [])
    ])
  ]
}

/** Fixed addresses: one owner each, and none that could be given out; what the gateways are told is where they are. */
function addressFaults ({ services, networks = {} }: ComposeFile): string[] {
  const owners = new Map<string, string>()
  return Object.entries(services).flatMap(([name, { networks: seats = {}, environment = {} }]) => {
    if (Array.isArray(seats)) return []
    const faults = Object.entries(seats).flatMap(([network, { ipv4_address: address }]) => {
      if (address === undefined) return []
      const owner = owners.get(address)
      owners.set(address, name)
      const host = Number(address.split('.').at(-1))
      const [first, bits] = (networks[network]?.ipam.config[0]?.ip_range ?? '').split('.').at(-1)?.split('/').map(Number) ?? []
      const isGivenOut = first === undefined || bits === undefined || Number.isNaN(bits) || (host >= first && host < first + 2 ** (32 - bits))
      return [...(owner === undefined ? [] : [`${name}: has the address of ${owner}`]), ...(isGivenOut ? [`${name}: ${address} may be given to somebody else`] : [])]
    })
    const told = [['HOST', 'front'], ['DRAWBRIDGE_REPLICA_HOST', 'state'], ['DRAWBRIDGE_MANAGEMENT_HOST', 'watch']] as const
    return [...faults, ...(name.startsWith('gateway-') ? told : []).filter(([key, network]) => environment[key] === undefined || environment[key] !== seats[network]?.ipv4_address).map(([key]) => `${name}: ${key} is not its address`)]
  })
}
