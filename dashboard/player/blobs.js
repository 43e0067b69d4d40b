// Payloads and their blobs. All components of the page share the blobs that each of them brings.

const sharedBlobs = (globalThis.grooveGuideBlobs ??= new Map()); // by digest

// Decode a payload: length of the header, header as JSON, blobs; see wire_format.py.
function unpack(data) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  const blobs = Object.entries(header.blobs).map(([digest, [offset, size]]) => [
    digest,
    data.slice(4 + length + offset, 4 + length + offset + size),
  ]);
  return { header, blobs: new Map(blobs) };
}

// The shared entry of a blob; `bytes` is a promise until a component brings them.
function entryOf(digest) {
  if (!sharedBlobs.has(digest)) {
    const entry = { holders: 0 };
    entry.bytes = new Promise((resolve) => (entry.resolve = resolve));
    sharedBlobs.set(digest, entry);
  }
  return sharedBlobs.get(digest);
}

// Share the blobs of a payload until `release` is called with the returned digests.
function hold(data) {
  const { blobs } = unpack(data);
  for (const [digest, bytes] of blobs) {
    const entry = entryOf(digest);
    entry.holders += 1;
    entry.resolve(bytes);
  }
  return [...blobs.keys()];
}

function release(digests) {
  for (const digest of digests) {
    const entry = sharedBlobs.get(digest);
    entry.holders -= 1;
    if (!entry.holders) sharedBlobs.delete(digest);
  }
}

// Wait for blobs, of this payload or shared, and return them by digest.
async function gather(digests, included) {
  const bytes = await Promise.all(
    digests.map((digest) => included.get(digest) ?? entryOf(digest).bytes),
  );
  return new Map(digests.map((digest, index) => [digest, bytes[index]]));
}
