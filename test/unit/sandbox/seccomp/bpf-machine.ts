/** What a filter is asked: `struct seccomp_data` of linux/seccomp.h. */
export interface Call { readonly arch: number, readonly number: number, readonly args?: readonly bigint[] }

const LOAD = 0x20
const JUMPS: Readonly<Record<number, (accumulator: number, value: number) => boolean>> = {
  0x15: (accumulator, value) => accumulator === value,
  0x35: (accumulator, value) => accumulator >= value,
  0x45: (accumulator, value) => ((accumulator & value) >>> 0) !== 0
}
const RETURN = 0x06

/** Runs a program as the kernel would, for machines that are not this one. @throws on anything that the kernel would not take */
export function runFilter (program: Buffer, call: Call): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(call.number >>> 0, 0)
  data.writeUInt32LE(call.arch, 4)
  for (const [at, value] of (call.args ?? []).entries()) data.writeBigUInt64LE(value, 16 + 8 * at)
  let accumulator = 0
  for (let at = 0; ; at++) {
    if (at * 8 >= program.length) throw new Error('ran off the end')
    const [code, value] = [program.readUInt16LE(at * 8), program.readUInt32LE(at * 8 + 4)]
    const jump = JUMPS[code]
    if (code === LOAD) accumulator = data.readUInt32LE(value)
    else if (code === RETURN) return value
    else if (jump !== undefined) at += program.readUInt8(at * 8 + (jump(accumulator, value) ? 2 : 3))
    else throw new Error(`no instruction ${code}`)
  }
}
