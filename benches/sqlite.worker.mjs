// SQLite compiled to wasm, in a worker, over a picked File: for the comparison alone. It gets the File and answers with the
// milliseconds of the same questions that `database.py` puts to the native one. SQLite asks for one page at a time, and a read
// of a File for 4 KB costs a third of one for a megabyte: blocks of a megabyte are read and 32 of them kept.

import sqlite3InitModule from '../node_modules/@sqlite.org/sqlite-wasm/sqlite-wasm/jswasm/sqlite3.mjs';

const BLOCK = 1 << 20;
const KEPT = 32;

/** A file system of one file that is only read. Gives the count of reads. */
function install({ capi, wasm, vfs }, file) {
  const reader = new FileReaderSync();
  /** By number, the one used last at the end. */
  const blocks = new Map();
  const count = { reads: 0 };
  const block = (number) => {
    let bytes = blocks.get(number);
    if (bytes) {
      blocks.delete(number);
    } else {
      bytes = new Uint8Array(reader.readAsArrayBuffer(file.slice(number * BLOCK, (number + 1) * BLOCK)));
      count.reads += 1;
      if (blocks.size >= KEPT) blocks.delete(blocks.keys().next().value);
    }
    blocks.set(number, bytes);
    return bytes;
  };
  const io = new capi.sqlite3_io_methods();
  io.$iVersion = 1;
  const own = new capi.sqlite3_vfs();
  const template = new capi.sqlite3_vfs(capi.sqlite3_vfs_find(null));
  own.$iVersion = 1;
  own.$szOsFile = capi.sqlite3_file.structInfo.sizeof;
  own.$mxPathname = 64;
  own.$xRandomness = template.$xRandomness;
  own.$xSleep = template.$xSleep;
  const done = () => 0;
  const nothing = (_, out) => (wasm.poke32(out, 0), 0);
  vfs.installVfs({
    io: {
      struct: io,
      methods: {
        xClose: done,
        xLock: done,
        xUnlock: done,
        xSync: done,
        xCheckReservedLock: nothing,
        xFileControl: () => capi.SQLITE_NOTFOUND,
        xSectorSize: () => 4096,
        xDeviceCharacteristics: () => capi.SQLITE_IOCAP_IMMUTABLE,
        xFileSize: (_, out) => (wasm.poke64(out, BigInt(file.size)), 0),
        xTruncate: () => capi.SQLITE_READONLY,
        xWrite: () => capi.SQLITE_READONLY,
        xRead: (_, to, length, at64) => {
          const heap = wasm.heap8u();
          for (let [at, end] = [Number(at64), Number(at64) + length]; at < end; ) {
            const bytes = block(Math.floor(at / BLOCK));
            const part = bytes.subarray(at % BLOCK, Math.min(bytes.length, (at % BLOCK) + end - at));
            if (part.length === 0) {
              heap.fill(0, to, to + end - at);
              return capi.SQLITE_IOERR_SHORT_READ;
            }
            heap.set(part, to);
            to += part.length;
            at += part.length;
          }
          return 0;
        },
      },
    },
    vfs: {
      struct: own,
      name: 'picked',
      methods: {
        xOpen: (_vfs, _name, handle, flags, flagsOut) => {
          new capi.sqlite3_file(handle).$pMethods = io.pointer;
          if (flagsOut) wasm.poke32(flagsOut, flags);
          return 0;
        },
        xAccess: (_vfs, _name, _flags, out) => (wasm.poke32(out, 0), 0),
        xDelete: done,
        xFullPathname: (_vfs, name, length, out) => (wasm.cstrncpy(out, name, length) < length ? 0 : capi.SQLITE_CANTOPEN),
        xCurrentTime: (_vfs, out) => (wasm.poke(out, 2440587.5 + Date.now() / 864e5, 'double'), 0),
        xGetLastError: done,
      },
    },
  });
  return count;
}

self.onmessage = async ({ data: file }) => {
  const sqlite3 = await sqlite3InitModule();
  const count = install(sqlite3, file);
  const database = new sqlite3.oo1.DB({ filename: 'picked.db', flags: 'r', vfs: 'picked' });
  let rows = 0;
  const all = (sql, bind) => database.exec({ sql, bind, rowMode: 'array', callback: () => void (rows += 1) });
  const timed = (act) => {
    const start = performance.now();
    act();
    return performance.now() - start;
  };
  const first_rows_ms = timed(() => {
    const runs = database.selectValues('SELECT run_uuid FROM (SELECT * FROM runs ORDER BY rowid DESC LIMIT 25)');
    for (const table of ['params', 'tags', 'latest_metrics']) for (const run of runs) all(`SELECT * FROM ${table} WHERE run_uuid = ?`, [run]);
  });
  const history_ms = timed(() => {
    const run = database.selectValue('SELECT run_uuid FROM runs ORDER BY rowid DESC LIMIT 1');
    all("SELECT step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? AND key = 'metric_3'", [run]);
  });
  const ms = timed(() => ['runs', 'params', 'tags', 'latest_metrics'].forEach((table) => all(`SELECT * FROM ${table}`)));
  self.postMessage({ figures: { ms, first_rows_ms, history_ms }, rows, reads: count.reads });
};
