Console.WriteLine("xlstm");
