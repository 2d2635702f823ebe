/** One instruction of classic BPF as seccomp(2) runs it: `struct sock_filter` of linux/filter.h. */
interface Instruction { readonly code: number, readonly ifTrue: number, readonly ifFalse: number, readonly value: number }

/** linux/bpf_common.h: class, size or operation, mode or source, in one number. */
const LOAD_WORD = 0x20
const JUMP_IF_EQUAL = 0x15
const JUMP_IF_AT_LEAST = 0x35
const JUMP_IF_ANY_BIT = 0x45
const RETURN = 0x06
const INSTRUCTION_BYTES = 8

/** What a filter answers: linux/seccomp.h. */
export const ALLOW = 0x7fff0000
export const KILL_PROCESS = 0x80000000
const ERRNO = 0x00050000

/** The call fails with this error number and is not made. */
export function failWith (errno: number): number {
  return ERRNO | errno
}

/**
 * Writes a program from its beginning to its end. Every test is followed at once by what it returns, so that no jump is
 * longer than over one instruction, and reading from top to bottom tells all.
 */
export class BpfProgram {
  readonly #instructions: Instruction[] = []

  /** Loads 32 bits of the call's data (`struct seccomp_data`) for the tests that follow. */
  load (offset: number): this {
    return this.#add(LOAD_WORD, offset)
  }

  /** Returns `verdict` if the loaded value equals. */
  ifEqual (value: number, verdict: number): this {
    return this.#add(JUMP_IF_EQUAL, value, 0, 1).always(verdict)
  }

  ifNotEqual (value: number, verdict: number): this {
    return this.#add(JUMP_IF_EQUAL, value, 1, 0).always(verdict)
  }

  ifAtLeast (value: number, verdict: number): this {
    return this.#add(JUMP_IF_AT_LEAST, value, 0, 1).always(verdict)
  }

  ifAnyBit (bits: number, verdict: number): this {
    return this.#add(JUMP_IF_ANY_BIT, bits, 0, 1).always(verdict)
  }

  /** Only if the loaded value equals, `body` runs; it must end with `always`. The loaded value is then another. */
  whenEqual (value: number, body: (program: BpfProgram) => void): this {
    const inner = new BpfProgram()
    body(inner)
    this.#add(JUMP_IF_EQUAL, value, 0, inner.#instructions.length)
    this.#instructions.push(...inner.#instructions)
    return this
  }

  always (verdict: number): this {
    return this.#add(RETURN, verdict)
  }

  /** As the kernel takes it, in the byte order of x86_64 and aarch64. */
  assemble (): Buffer {
    const bytes = Buffer.alloc(this.#instructions.length * INSTRUCTION_BYTES)
    for (const [at, { code, ifTrue, ifFalse, value }] of this.#instructions.entries()) {
      const start = at * INSTRUCTION_BYTES
      bytes.writeUInt16LE(code, start)
      bytes.writeUInt8(ifTrue, start + 2)
      bytes.writeUInt8(ifFalse, start + 3)
      bytes.writeUInt32LE(value, start + 4)
    }
    return bytes
  }

  #add (code: number, value: number, ifTrue = 0, ifFalse = 0): this {
    this.#instructions.push({ code, ifTrue, ifFalse, value })
    return this
  }
}
