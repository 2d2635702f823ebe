import { parseArgs } from 'node:util'

/** What `npm run test:stack` can be told, on the command line and in the environment. */
export interface StackOptions {
  /** Only rows whose name has one of these in it. Empty = all. */
  readonly only: readonly string[]
  /** Leaves the stack up at the end, and says how to take it down. */
  readonly keep: boolean
  /** Folder of a stack that `--keep` left up: its rows are run, and it stays up. */
  readonly attach: string | undefined
  /** Tag of an image that is there already: `drawbridge:<tag>`; undefined = one is built. */
  readonly image: string | undefined
  /** Shell command run before everything, for machines where base images have to be brought in first. DRAWBRIDGE_STACK_PREPARE. */
  readonly prepare: string | undefined
  /** Shell command that builds, followed by `-t drawbridge:<tag> .`. DRAWBRIDGE_STACK_BUILD, default `docker build`. */
  readonly build: string
  /** DRAWBRIDGE_STACK_SUBNET, default `172.30.240`. */
  readonly subnet: string
  /** DRAWBRIDGE_STACK_HTTPS_PORT and _HTTP_PORT, defaults 8443 and 8080. */
  readonly httpsPort: number
  readonly httpPort: number
  /** DRAWBRIDGE_STACK_PROJECT, default `drawbridge-test`. */
  readonly project: string
  /** DRAWBRIDGE_STACK_LOAD_SECONDS: how long the load row goes on. Default 60. */
  readonly loadSeconds: number
}

/** Reads them. @throws for an unknown argument */
export function readOptions (args: readonly string[], env: NodeJS.ProcessEnv): StackOptions {
  const { values } = parseArgs({ args: [...args], options: { only: { type: 'string', multiple: true, default: [] }, keep: { type: 'boolean', default: false }, image: { type: 'string' }, attach: { type: 'string' } } })
  return {
    only: values.only.flatMap((names) => names.split(',')),
    keep: values.keep || values.attach !== undefined,
    attach: values.attach,
    image: values.image,
    prepare: env['DRAWBRIDGE_STACK_PREPARE'],
    build: env['DRAWBRIDGE_STACK_BUILD'] ?? 'docker build',
    subnet: env['DRAWBRIDGE_STACK_SUBNET'] ?? '172.30.240',
    httpsPort: Number(env['DRAWBRIDGE_STACK_HTTPS_PORT'] ?? 8443),
    httpPort: Number(env['DRAWBRIDGE_STACK_HTTP_PORT'] ?? 8080),
    project: env['DRAWBRIDGE_STACK_PROJECT'] ?? 'drawbridge-test',
    loadSeconds: Number(env['DRAWBRIDGE_STACK_LOAD_SECONDS'] ?? 60)
  }
}
