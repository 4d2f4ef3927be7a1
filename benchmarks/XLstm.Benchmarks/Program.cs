using XLstm.Benchmarks;
using XLstm.Kernels;

Console.WriteLine(Simd.Description);
MatrixProducts.Run(args.FirstOrDefault(""));
