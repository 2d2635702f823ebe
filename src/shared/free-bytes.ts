/** Smaller ones cost the collector little, and may be parts of a pool. */
const MIN_BYTES = 16_384

/**
 * Gives the memory of a buffer back now. The collector would do so late: it runs for what is outside of its heap too, and a
 * few megabytes in chunks cost more time to be collected than to be read and written. Only for whoever has the buffer to
 * itself and is done with it: it is empty afterwards. A buffer that is part of a larger one is left alone.
 */
export function freeBytes (bytes: Buffer): void {
  const { buffer } = bytes
  if (bytes.length < MIN_BYTES || bytes.length !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return
  buffer.transfer(0)
}
