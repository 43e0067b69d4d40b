// Packs and their blobs: what one component brings, every player of the page can use.

const held = (globalThis.grooveGuideBlobs ??= new Map()); // by digest

// A pack is the length of a header, the header as JSON, and blobs; see pack.py.
function unpack(data) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  const blobs = Object.entries(header.blobs).map(([digest, [offset, size]]) => [
    digest,
    data.slice(4 + length + offset, 4 + length + offset + size),
  ]);
  return { header, blobs: new Map(blobs) };
}

function entry(digest) {
  if (!held.has(digest)) {
    const made = { holders: 0 };
    made.there = new Promise((resolve) => (made.arrive = resolve));
    held.set(digest, made);
  }
  return held.get(digest);
}

// Hold the blobs of a pack for as long as its component is on the page.
function takeIn(data) {
  const { blobs } = unpack(data);
  for (const [digest, bytes] of blobs) {
    const place = entry(digest);
    place.holders += 1;
    place.arrive(bytes);
  }
  return [...blobs.keys()];
}

function release(digests) {
  for (const digest of digests) {
    const place = held.get(digest);
    place.holders -= 1;
    if (!place.holders) held.delete(digest);
  }
}

// Return blobs by digest, as soon as all of them are on the page.
async function gather(digests, inside) {
  const there = digests.map((digest) => inside.get(digest) ?? entry(digest).there);
  const bytes = await Promise.all(there);
  return new Map(digests.map((digest, index) => [digest, bytes[index]]));
}
