namespace XLstm.Tests.Text;

public sealed class ApiDocumentationTests
{
    private static void Xml(TemporaryFolder folder, string path, string members)
    {
        var file = Path.Combine(folder.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"<?xml version=\"1.0\"?>\n<doc><assembly><name>A</name></assembly><members>{members}</members></doc>");
    }

    private static string Text(TemporaryFolder folder)
    {
        var writer = new StringWriter();
        ApiDocumentation.FindIn(folder.Path)!.WriteText(writer);
        return writer.ToString();
    }

    private static string TextOf(string members)
    {
        using var folder = new TemporaryFolder();
        Xml(folder, "packs/A.Ref/1.0.0/ref/net10.0/A.xml", members);
        return Text(folder);
    }

    [Theory]
    [InlineData("""<member name="M:System.String.IndexOf(System.Char)"><summary>Reports the index.</summary><param name="value">A character to seek.</param><returns>The position of <paramref name="value" />, or -1.</returns></member>""",
        "String.IndexOf(Char): Reports the index. Returns the position of value, or -1. value is a character to seek.\n")]
    [InlineData("""<member name="T:System.Collections.Generic.Dictionary`2"><summary>Maps <typeparamref name="TKey"/> to values</summary></member>""", "Dictionary: Maps TKey to values.\n")]
    [InlineData("""<member name="M:N.List`1.#ctor(System.Collections.Generic.IEnumerable{`0},System.Int32[],System.Int32@,``1)"><summary>Makes one.</summary></member>""",
        "new List(IEnumerable<T>, Int32[], Int32&, U): Makes one.\n")]
    [InlineData("""<member name="M:N.A.op_Implicit(N.A)~System.Int32"><summary>Converts.</summary></member>""", "A.op_Implicit(A): Converts.\n")]
    [InlineData("""<member name="P:N.A.P"><summary>See <see cref="M:N.B.Run(System.Int32)" />, <see cref="T:N.C`1">the C</see>, <see langword="null" /> and <c>x + 1</c> .</summary></member>""",
        "A.P: See B.Run(Int32), the C, null and x + 1.\n")]
    [InlineData("""<member name="P:N.A.P"><summary>  It’s “so” –  &#10; spread  over<para>lines…</para></summary><remarks>But <code>int x;</code>this too</remarks></member>""", "A.P: It's \"so\" - spread over lines... But this too.\n")]
    [InlineData("""<member name="P:N.A.P"><summary>Sign: ∑</summary></member>""", "")]
    [InlineData("""<member name="P:N.A.P"><summary>No such {0}.</summary></member>""", "")]
    [InlineData("""<member name="P:N.A.P"><summary> </summary></member><member><summary>Nameless.</summary></member><member name="P:N.A.N#I#P"><summary>Explicit.</summary></member>""", "")]
    public void A_member_becomes_a_line(string member, string line) => Assert.Equal(line, TextOf(member));

    [Fact]
    public void What_was_said_is_not_said_again() => Assert.Equal(
        "A.F(Int32): Does it. x is the count.\nA.G(Int32): Does that.\n",
        TextOf("""
            <member name="M:N.A.F(System.Int32)"><summary>Does it.</summary><param name="x">The count.</param></member>
            <member name="M:N.A.F(System.Int64)"><summary>Does it.</summary><param name="x">The count.</param></member>
            <member name="M:N.A.G(System.Int32)"><summary>Does that.</summary><param name="x">The count.</param></member>
            """));

    [Fact]
    public void Types_stand_apart_whole_and_in_the_same_order_each_time()
    {
        using var folder = new TemporaryFolder();
        Xml(folder, "packs/A.Ref/1.0.0/ref/net10.0/A.xml", string.Concat(Enumerable.Range(0, 30).Select(i =>
            $"<member name='T:N.T{i}'><summary>Type {i}.</summary></member><member name='P:N.T{i}.P'><summary>Property {i}.</summary></member>")));
        var text = Text(folder);
        Assert.Equal(text, Text(folder));
        var groups = text.Split("\n\n");
        Assert.Equal(30, groups.Length);
        Assert.All(groups, group => Assert.Matches(@"^T(\d+): Type \1\.\nT\1\.P: Property \1\.\n?$", group));
        Assert.NotEqual(groups.Select(g => g.Split(':')[0]).Order(StringComparer.Ordinal), groups.Select(g => g.Split(':')[0]));
    }

    [Fact]
    public void The_newest_version_of_each_pack_is_read()
    {
        using var folder = new TemporaryFolder();
        foreach (var version in new[] { "9.0.11", "10.0.2", "10.0.12", "10.0.12-rc.1", "other" })
            Xml(folder, $"packs/A.Ref/{version}/ref/net10.0/A.xml", $"<member name='P:N.A.P'><summary>Version {version}.</summary></member>");
        Xml(folder, "packs/B.Ref/8.0.0/ref/net8.0/B.xml", "<member name='P:N.B.P'><summary>Of B.</summary></member>");
        Xml(folder, "packs/B.Ref/8.0.0/ref/net8.0/de/B.xml", "<member name='P:N.B.P'><summary>Von B.</summary></member>");
        Xml(folder, "packs/Host/8.0.0/ref/net8.0/C.xml", "<member name='P:N.C.P'><summary>Of C.</summary></member>");
        var lines = Text(folder).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["A.P: Version 10.0.12.", "B.P: Of B."], lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Damage_in_one_file_leaves_the_others()
    {
        using var folder = new TemporaryFolder();
        Xml(folder, "packs/A.Ref/1.0.0/ref/net10.0/A.xml", "<member name='P:N.A.P'><summary>Of A.</summary></member><member name='P:N.A.Q'><summary>Of");
        Xml(folder, "packs/A.Ref/1.0.0/ref/net10.0/B.xml", "<member name='P:N.B.P'><summary>Of B.</summary></member>");
        Assert.Equal(["A.P: Of A.", "B.P: Of B."], Text(folder).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_place_without_documentation_gives_nothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(ApiDocumentation.FindIn(folder.Path));
        Directory.CreateDirectory(Path.Combine(folder.Path, "packs", "A.Ref", "1.0.0"));
        Assert.Null(ApiDocumentation.FindIn(folder.Path));
        Assert.Null(ApiDocumentation.FindIn(""));
    }

    [Fact]
    public void What_is_found_on_this_machine_can_be_read()
    {
        // A machine without an SDK has none.
        var files = ApiDocumentation.Find()?.Files ?? [];
        Assert.All(files, file => Assert.EndsWith(".xml", file, StringComparison.Ordinal));
        Assert.All(files, file => Assert.True(File.Exists(file)));
    }
}
