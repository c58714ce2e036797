public partial class Initial : Migration {}
