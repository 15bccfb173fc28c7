namespace BlindAI.Attestation.Evidence;

/// <summary>An open device that is asked by ioctl(2). Tests put a device of their own behind it.</summary>
internal interface IControlDevice : IDisposable
{
    /// <summary>Asks once.</summary>
    /// <param name="request">The number of the request.</param>
    /// <param name="argument">The request's structure; addresses in it are of this process. The device may write into it.</param>
    /// <returns>0, or the number of the kernel's error.</returns>
    int Control(uint request, Span<byte> argument);
}
