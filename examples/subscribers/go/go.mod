module example.org/decisions

go 1.19
