using XLstm.Benchmarks;
using XLstm.Kernels;

Console.WriteLine(Simd.Description);
string subject = args.FirstOrDefault("products");
if (subject == "products")
    MatrixProducts.Run(args.ElementAtOrDefault(1) ?? "");
else if (subject == "blocks")
    BlockDiagonals.Run();
else
    Console.WriteLine("XLstm.Benchmarks products [part of a shape] | blocks");
