public partial class AddOrders : Migration {}
