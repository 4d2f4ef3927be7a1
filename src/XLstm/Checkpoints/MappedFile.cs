using System.Buffers;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace XLstm;

/// <summary>A file in the address space of the process, to be read only; it stays there until nobody holds a part of it.</summary>
internal sealed class MappedFile
{
    private readonly MemoryMappedViewAccessor view;

    internal MappedFile(SafeFileHandle file)
    {
        using var mapping = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>Bytes of the file; the caller has checked that they are there.</summary>
    internal ReadOnlyMemory<byte> Part(long offset, int length)
    {
        if (offset < 0 || offset + length > view.Capacity)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Bytes {offset} to {offset + length} of {view.Capacity} that are mapped.");
        return new Bytes(this, offset, length).Memory;
    }

    // Holds the file, and so the view, whose handle is closed when nothing holds it any more.
    private sealed unsafe class Bytes(MappedFile file, long offset, int length) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() =>
            new((byte*)file.view.SafeMemoryMappedViewHandle.DangerousGetHandle() + file.view.PointerOffset + offset, length);

        public override MemoryHandle Pin(int elementIndex = 0) =>
            new((byte*)file.view.SafeMemoryMappedViewHandle.DangerousGetHandle() + file.view.PointerOffset + offset + elementIndex, pinnable: this);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
