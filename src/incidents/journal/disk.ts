import { mkdir, open, readdir, stat } from 'node:fs/promises';

/** Folders and files of the journal are for the application's own user only. */
export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Which file a name leads to, and how long it is. */
export interface FileState {
  readonly device: number;
  readonly inode: number;
  readonly bytes: number;
}

/** An open file. */
export interface DiskFile {
  /** Writes at the end of the file, and tells how many bytes: as many as there was room for. */
  append(bytes: Buffer): Promise<number>;
  /** Reads from `position`, and tells how many bytes; 0 at the end. */
  read(into: Buffer, position: number): Promise<number>;
  /** Resolves once what was appended survives a power failure. */
  sync(): Promise<void>;
  state(): Promise<FileState>;
  close(): Promise<void>;
}

/** The file system, as far as the journal needs it once it is open. The port for a disk that fails. */
export interface Disk {
  /** Makes a folder and those above it, where they are missing. */
  makeFolder(path: string): Promise<void>;
  /** Makes what was made in a folder survive a power failure. */
  syncFolder(path: string): Promise<void>;
  openForAppend(path: string): Promise<DiskFile>;
  openForRead(path: string): Promise<DiskFile>;
  /** `undefined` where there is no file. */
  state(path: string): Promise<FileState | undefined>;
  names(folder: string): Promise<string[]>;
}

/** The file system of this machine. */
export const localDisk: Disk = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  },
  async syncFolder(path) {
    let folder: Awaited<ReturnType<typeof open>> | undefined;
    try {
      folder = await open(path, 'r');
      await folder.sync();
    } catch (error) {
      if (!cannotSyncFolders(error)) throw error;
    } finally {
      await folder?.close();
    }
  },
  openForAppend: (path) => openFile(path, 'a'),
  openForRead: (path) => openFile(path, 'r'),
  async state(path) {
    try {
      const { dev, ino, size } = await stat(path);
      return { device: dev, inode: ino, bytes: size };
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  },
  names: (folder) => readdir(folder),
};

async function openFile(path: string, flags: 'a' | 'r'): Promise<DiskFile> {
  const handle = await open(path, flags, FILE_MODE);
  return {
    append: async (bytes) => (await handle.write(bytes, 0, bytes.length)).bytesWritten,
    read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
    sync: () => handle.datasync(),
    async state() {
      const { dev, ino, size } = await handle.stat();
      return { device: dev, inode: ino, bytes: size };
    },
    close: () => handle.close(),
  };
}

/** The code of a failed system call, such as `ENOSPC`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Where folders cannot be synced, as on Windows, making a file is durable by other means or not at all. */
function cannotSyncFolders(error: unknown): boolean {
  return ['EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS'].includes(errorCode(error) ?? '');
}

export function isSameFile(a: FileState | undefined, b: FileState | undefined): boolean {
  return a !== undefined && b !== undefined && a.device === b.device && a.inode === b.inode;
}
