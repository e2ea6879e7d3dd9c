@classLabel true 1 2
@data
1,two,3:1
