/** One directory of the host that a `docker run` mounts. */
export interface ContainerMount {
  /** Path on the host; a name without a slash is a volume, not a path. */
  readonly source: string
  /** Path in the container: the only one that the server inside can mean. */
  readonly target: string
}

/** The `-v`, `--volume` and `--mount` of a container command, as the operator wrote them. */
export function containerMounts (args: readonly string[]): ContainerMount[] {
  return args.flatMap((arg, index) => {
    const inline = /^(--volume|--mount)=(.*)$/s.exec(arg)
    const flag = inline?.[1] ?? (arg === '-v' || arg === '--volume' || arg === '--mount' ? arg : undefined)
    const value = inline?.[2] ?? args[index + 1]
    if (flag === undefined || value === undefined) return []
    const mount = flag === '--mount' ? parseMount(value) : parseVolume(value)
    return mount === undefined ? [] : [mount]
  })
}

/** `source:target[:options]` */
function parseVolume (value: string): ContainerMount | undefined {
  const [source, target] = value.split(':')
  return source !== undefined && target !== undefined ? { source, target } : undefined
}

/** `type=bind,source=/a,target=/b`, with the short names that docker takes too. */
function parseMount (value: string): ContainerMount | undefined {
  const fields = new Map(value.split(',').map((field): [string, string] => {
    const at = field.indexOf('=')
    return at === -1 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)]
  }))
  const source = fields.get('source') ?? fields.get('src')
  const target = fields.get('target') ?? fields.get('dst') ?? fields.get('destination')
  return source !== undefined && target !== undefined ? { source, target } : undefined
}
