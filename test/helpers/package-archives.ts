import { crc32, gzipSync } from 'node:zlib'

/** File contents by path. */
export type ArchiveFiles = Readonly<Record<string, string>>

/** An npm tarball: the files below `package/`, executable, without dates. */
export function tarball (files: ArchiveFiles): Buffer {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const bytes = Buffer.from(text)
    return [tarHeader(`package/${path}`, bytes.length), bytes, Buffer.alloc((512 - bytes.length % 512) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

function tarHeader (path: string, size: number): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
  header.write(path, 0)
  header.write(octal(0o755, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(499162500, 12), 100)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  header.write(octal(header.reduce((sum, byte) => sum + byte, 0), 8), 148)
  return header
}

/** A zip archive with its files stored as they are: a wheel. */
export function zip (files: ArchiveFiles): Buffer {
  const entries: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, text] of Object.entries(files)) {
    const [name, bytes] = [Buffer.from(path), Buffer.from(text)]
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(33, 8)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(bytes.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(name.length, 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(0o100644 * 0x10000, 6)
    tail.writeUInt32LE(offset, 10)
    entries.push(Buffer.from('PK\x03\x04'), common, name, bytes)
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, tail, name)
    offset += 30 + name.length + bytes.length
  }
  const end = Buffer.alloc(18)
  const size = Buffer.concat(directory).length
  end.writeUInt16LE(Object.keys(files).length, 4)
  end.writeUInt16LE(Object.keys(files).length, 6)
  end.writeUInt32LE(size, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...entries, ...directory, Buffer.from('PK\x05\x06'), end])
}
