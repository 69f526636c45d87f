// Brings a NIfTI file of the instance into memory, unpacked, and says how far it has come.
const GZIP = [0x1f, 0x8b];

export async function fetchNifti(address, onProgress) {
  const answer = await fetch(address, { headers: { Accept: "application/gzip" } });
  if (!answer.ok) throw new Error(`${answer.status} for a volume`, { cause: answer.status === 404 ? "noVolume" : "failed" });
  const packed = await whole(answer, onProgress);
  if (packed[0] !== GZIP[0] || packed[1] !== GZIP[1]) return packed.buffer;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function whole(answer, onProgress) {
  const size = Number(answer.headers.get("Content-Length"));
  const parts = [];
  let done = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { value, done: ended } = await reader.read();
    if (ended) break;
    parts.push(value);
    done += value.length;
    if (size) onProgress(Math.min(done / size, 1));
  }
  const joined = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
